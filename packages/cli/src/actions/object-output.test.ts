import { type InferenceService, inferenceServiceKind } from "@modelyard/api";
import { describe, expect, it } from "vitest";
import { progressOf } from "./await-deployment.ts";
import { describeService } from "./describe.ts";
import { eventTable } from "./events.ts";
import { objectTable } from "./get.ts";

const nowMs = Date.parse("2026-01-01T00:10:00Z");

function service(name: string, status: object): InferenceService {
  return inferenceServiceKind.parse({
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name, namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, storageUri: "file:///models/digits.onnx" } } },
    status,
  });
}

const served = {
  url: "http://127.0.0.1:8033",
  conditions: [{ type: "Ready", status: "True" }],
  clusterServingRuntimeName: "onnxruntime",
  modelStatus: {
    transitionStatus: "UpToDate",
    states: { activeModelState: "Loaded", targetModelState: "" },
    copies: { failedCopies: 0, totalCopies: 1 },
  },
  modelyard: {
    revision: 2,
    digest: "sha256:00",
    url: "http://127.0.0.1:8033/v2/models/digits",
    grpc: "127.0.0.1:8033",
    modelName: "digits",
    refetch: "r2",
  },
};

const blocked = {
  ...served,
  modelStatus: {
    transitionStatus: "BlockedByFailedLoad",
    states: { activeModelState: "Loaded", targetModelState: "FailedToLoad" },
    lastFailureInfo: { location: "serving-0", reason: "ModelLoadFailed", message: "The model could not be loaded: it is truncated" },
  },
  modelyard: {
    ...served.modelyard,
    targetRevision: 3,
    failure: {
      code: "FAILED_PRECONDITION",
      reason: "MODEL_LOAD_FAILED",
      message: "The model could not be loaded: it is truncated",
      retryable: false,
      hint: "Check the file",
      time: "2026-01-01T00:09:00Z",
    },
  },
};

describe("objectTable()", () => {
  it("shows the columns of the kind, and more of them when asked", async () => {
    const services = [service("digits", served), service("broken", blocked)];
    const options = { kind: inferenceServiceKind, withNamespace: false, isWide: false, nowMs };
    const tables = [objectTable(services, options), objectTable(services, { ...options, withNamespace: true, isWide: true })];
    await expect(`${tables.join("\n\n")}\n`).toMatchFileSnapshot("../testdata/output/get.txt");
  });
});

describe("describeService()", () => {
  it("explains the state, the failure and what to do", async () => {
    const text = [service("digits", served), service("broken", blocked), service("new", {})]
      .map((one) => describeService(one, nowMs))
      .join("\n\n---\n\n");
    await expect(`${text}\n`).toMatchFileSnapshot("../testdata/output/describe.txt");
  });
});

describe("eventTable()", () => {
  it("shows what happened, when and how often", () => {
    const event = {
      apiVersion: "v1" as const,
      kind: "Event" as const,
      metadata: { name: "e", namespace: "default" },
      involvedObject: { kind: "InferenceService", name: "digits" },
      type: "Warning" as const,
      reason: "FetchFailed",
      message: "The source was not found",
      count: 3,
      lastTimestamp: "2026-01-01T00:09:00Z",
    };
    expect(eventTable([event], nowMs)).toBe(
      "LAST SEEN  TYPE     REASON       OBJECT                   MESSAGE\n60s        Warning  FetchFailed  inferenceservice/digits  The source was not found (3 times)",
    );
  });
});

describe("progressOf()", () => {
  it("waits until the status is about this deployment", () => {
    expect(progressOf(service("digits", served), "r3")).toEqual({ kind: "waiting", stage: "accepted" });
    expect(progressOf(service("digits", {}), "r3")).toEqual({ kind: "waiting", stage: "accepted" });
  });

  it("is ready when the wanted revision answers", () => {
    expect(progressOf(service("digits", served), "r2")).toEqual({ kind: "ready" });
  });

  it("says which step is done now, and how far it is", () => {
    const at = (more: object): unknown => progressOf(service("digits", { ...served, modelyard: { ...served.modelyard, ...more } }), "r2");
    expect(at({ stage: "prepare" })).toEqual({ kind: "waiting", stage: "prepare" });
    expect(at({ stage: "fetch", doneBytes: 512 })).toEqual({ kind: "waiting", stage: "fetch 512 B" });
    expect(at({ stage: "fetch", doneBytes: 512, totalBytes: 2048 })).toEqual({ kind: "waiting", stage: "fetch 512 B of 2 KiB (25 %)" });
    expect(at({ targetRevision: 3 })).toEqual({ kind: "waiting", stage: "scheduled" });
  });

  it("fails with the reason and the next step, and goes on waiting where trying again may help", () => {
    expect(progressOf(service("digits", blocked), "r2")).toEqual({
      kind: "failed",
      cause: "MODEL_LOAD_FAILED",
      why: "The model could not be loaded: it is truncated",
      next: "Check the file",
    });
    const retried = { ...blocked, modelyard: { ...blocked.modelyard, failure: { ...blocked.modelyard.failure, retryable: true } } };
    expect(progressOf(service("digits", retried), "r2")).toMatchObject({ kind: "waiting", stage: expect.stringContaining("trying again") });
  });
});
