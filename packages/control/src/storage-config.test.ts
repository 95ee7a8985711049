/** The Secret `storage-config` as a user meets it: through the API, with a server of files that wants credentials. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { eventKind, type InferenceService, inferenceServiceKind, type Secret, secretKind } from "@modelyard/api";
import { type RecordedLog, recordedLog } from "@modelyard/core/testing";
import { decodeModelRecord, decodeVModelRecord, modelKey, vmodelKey } from "@modelyard/mesh";
import { getKey } from "@modelyard/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type RunningControl, runControl } from "./testing/running-control.ts";

const accepted = "Bearer hunter2-right";
let running: RunningControl;
let server: Server;
let recorded: RecordedLog;
let requests: (string | undefined)[];

beforeEach(async () => {
  requests = [];
  server = createServer(({ headers: { authorization } }, response) => {
    requests.push(authorization);
    response.writeHead(authorization === accepted ? 200 : 403).end("weights");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  recorded = recordedLog();
  running = await runControl({ log: recorded.log });
});

afterEach(async () => {
  await running.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function base(): string {
  // The server listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`;
}

function secret(authorization: string): Secret {
  const entry = { type: "http", url: base(), headers: { authorization: [authorization] } };
  const stringData = { web: JSON.stringify(entry), default_http: JSON.stringify(entry) };
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "storage-config", namespace: "default" }, stringData };
}

function service(
  where: { readonly storageUri: string } | { readonly storage: { readonly key: string; readonly path: string } },
): InferenceService {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "digits", namespace: "default" },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, ...where } } },
  };
}

const eventually = <T>(check: () => Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const read = (): Promise<InferenceService> => running.http.get(inferenceServiceKind, { name: "digits" });

/** Files of the registered model. */
async function registeredFiles(): Promise<readonly string[]> {
  const keyValue = await getKey(running.store, vmodelKey("default/digits"));
  const vmodel = keyValue && decodeVModelRecord(keyValue.value);
  const record = vmodel && (await getKey(running.store, modelKey(vmodel.targetModelId)));
  const model = record && decodeModelRecord(record.value);
  const artifact = model && (await running.artifacts.find(model.artifactDigest));
  expect(artifact).toBeDefined();
  return artifact?.files.map((file) => file.path) ?? [];
}

test("a service that names a key is refused until the Secret has it, then fetched with its credentials", async () => {
  await running.http.create(inferenceServiceKind, service({ storage: { key: "web", path: "digits.onnx" } }));
  await eventually(async () => {
    const { modelStatus } = (await read()).status ?? {};
    expect(modelStatus).toMatchObject({
      states: { activeModelState: "FailedToLoad" },
      lastFailureInfo: { reason: "ModelLoadFailed", message: expect.stringContaining('no key "web"'), location: expect.any(String) },
    });
  });
  expect(requests).toEqual([]);
  await running.http.create(secretKind, secret(accepted));
  expect(await eventually(registeredFiles)).toEqual(["digits.onnx"]);
});

test("a fetch that failed for its credentials is tried again as soon as the Secret changes, and no secret is shown anywhere", async () => {
  await running.http.create(secretKind, secret("Bearer hunter2-wrong"));
  await running.http.create(inferenceServiceKind, service({ storageUri: `${base()}/digits.onnx` }));
  await eventually(async () => expect((await read()).status?.modelyard?.failure?.reason).toBe("SOURCE_REFUSED"));
  const present = await running.http.get(secretKind, { name: "storage-config" });
  const { data: _data, ...kept } = present;
  await running.http.update(secretKind, { ...kept, stringData: secret(accepted).stringData ?? {} });
  expect(await eventually(registeredFiles)).toEqual(["digits.onnx"]);
  expect(requests).toEqual(["Bearer hunter2-wrong", accepted]);
  const shown = JSON.stringify([await read(), (await running.http.list(eventKind)).items, recorded.records]);
  expect(shown).toContain("digits.onnx");
  expect(shown).not.toContain("hunter2");
});

test("a new key for a model that is served fetches nothing again", async () => {
  await running.http.create(secretKind, secret(accepted));
  await running.http.create(inferenceServiceKind, service({ storage: { key: "web", path: "digits.onnx" } }));
  await eventually(registeredFiles);
  const hash = await eventually(async () => {
    const sourceHash = (await read()).status?.modelyard?.sourceHash;
    expect(sourceHash).toBeDefined();
    return sourceHash;
  });
  const present = await running.http.get(secretKind, { name: "storage-config" });
  const { data: _data, ...kept } = present;
  await running.http.update(secretKind, { ...kept, stringData: secret("Bearer hunter2-next").stringData ?? {} });
  running = await running.restart();
  // A second service shows that control has looked at both.
  await running.http.create(inferenceServiceKind, {
    ...service({ storageUri: "file:///absent" }),
    metadata: { name: "other", namespace: "default" },
  });
  await eventually(async () =>
    expect((await running.http.get(inferenceServiceKind, { name: "other" })).status?.modelyard?.failure?.reason).toBe("SOURCE_NOT_FOUND"),
  );
  expect([requests.length, (await read()).status?.modelyard?.sourceHash]).toEqual([1, hash]);
});
