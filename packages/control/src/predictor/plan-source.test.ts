import type { Secret } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { planPredictor } from "./plan-predictor.ts";
import { type PlannedSource, planSource, type WrittenStorage } from "./plan-source.ts";

const s3 = {
  type: "s3",
  access_key_id: "AK",
  secret_access_key: "hunter2",
  endpoint_url: "https://s3.example",
  region: "eu-1",
  bucket: "models",
};

function secretOf(entries: Record<string, object>, resourceVersion = "1"): Secret {
  const stringData = Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, JSON.stringify(entry)]));
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "storage-config", namespace: "default", uid: "u", resourceVersion },
    stringData,
  };
}

function plan(written: WrittenStorage, annotations: Record<string, string> = {}): PlannedSource {
  return planSource(written, { annotations, secret: secretOf({ mine: s3, default_s3: { ...s3, bucket: "others" } }) });
}

describe("planSource()", () => {
  test("reads storage.key and storage.path beside the Secret storage-config", () => {
    expect(plan({ storage: { key: "mine", path: "a/m.onnx" } }).source).toMatchObject({ kind: "s3", bucket: "models", path: "a/m.onnx" });
    expect(plan({ storage: { path: "m", parameters: { type: "s3" } } }).source).toMatchObject({ bucket: "others", path: "m" });
  });

  test("reads storageUri with the key of storage, of the annotation secretKey, or the default", () => {
    const storageUri = "s3://bucket/m";
    expect(plan({ storageUri }).source).toMatchObject({ bucket: "bucket", endpoint: "https://s3.example" });
    expect(() => plan({ storageUri, storage: { key: "absent" } })).toThrow('no key "absent"');
    expect(() => plan({ storageUri }, { "serving.kserve.io/secretKey": "absent" })).toThrow('no key "absent"');
  });

  test("leaves the runtime the parameters that are not about storage", () => {
    const parameters = {
      type: "s3",
      bucket: "bucket",
      endpoint_url: "https://own.example",
      access_key_id: "x",
      secret_access_key: "hunter2",
      runLimit: "1s",
    };
    expect(plan({ storage: { path: "m", parameters } }).parameters).toEqual({ runLimit: "1s" });
  });

  test.each([
    ["true", "always"],
    ["false", "never"],
    ["auto", "auto"],
  ])("reads the parameter unpack: %s as %s, and keeps it from the runtime", (unpack, wanted) => {
    expect(plan({ storageUri: "file:///m.zip", storage: { parameters: { unpack } } })).toMatchObject({ unpack: wanted, parameters: {} });
  });
});

describe("planPredictor() beside a Secret", () => {
  const hashOf = (secret: Secret, parameters: Record<string, string> = {}): string => {
    const planned = planPredictor(
      {
        apiVersion: "serving.kserve.io/v1beta1",
        kind: "InferenceService",
        metadata: { name: "digits" },
        spec: { predictor: { model: { modelFormat: { name: "onnx" }, storage: { key: "mine", path: "m", parameters } } } },
      },
      secret,
    );
    return planned.kind === "planned" ? planned.plan.sourceHash : planned.error.message;
  };

  test("wants the same source after a new key or another entry, and another after a new server or way of unpacking", () => {
    const first = hashOf(secretOf({ mine: s3 }));
    const rotated = secretOf({ mine: { ...s3, access_key_id: "NEW", secret_access_key: "new", certificate: "PEM" }, other: s3 }, "2");
    expect(hashOf(rotated)).toBe(first);
    expect(hashOf(secretOf({ mine: { ...s3, endpoint_url: "https://moved.example" } }))).not.toBe(first);
    expect(hashOf(secretOf({ mine: s3 }), { unpack: "false" })).not.toBe(first);
  });
});
