/** Names that two want: model names of services, and vmodels of another owner. */
import { eventKind, type InferenceService, inferenceServiceKind, modelNameAnnotation } from "@modelyard/api";
import { decodeVModelRecord, encodeRecord, type VModelRecord, vmodelKey } from "@modelyard/mesh";
import { getKey, putOperation } from "@modelyard/store";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RunningControl, runControl } from "../testing/running-control.ts";

let running: RunningControl;

beforeEach(async () => {
  running = await runControl();
});
afterEach(() => running.close());

const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 20 });

async function create(name: string, modelName?: string): Promise<void> {
  const storageUri = await running.file("m", "m");
  await running.http.create(inferenceServiceKind, {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name, namespace: "default", ...(modelName === undefined ? {} : { annotations: { [modelNameAnnotation]: modelName } }) },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, storageUri } } },
  });
}

const read = (name: string): Promise<InferenceService> => running.http.get(inferenceServiceKind, { name });

/** Model name a vmodel is registered under, and whether the status says that it is another's. */
async function namesOf(name: string): Promise<readonly unknown[]> {
  const keyValue = await getKey(running.store, vmodelKey(`default/${name}`));
  const record = keyValue && decodeVModelRecord(keyValue.value);
  const { status } = await read(name);
  const condition = status?.conditions?.find((one) => one.type === "ModelNameAccepted");
  return [record !== undefined, record?.modelName, status?.modelyard?.url?.split("/").at(-1), condition?.reason];
}

describe("a model name", () => {
  test("stays with the service that was there first; the second says so and is found by its own name", async () => {
    await create("zeta", "digits_v1");
    await eventually(async () => expect(await namesOf("zeta")).toEqual([true, "digits_v1", "digits_v1", undefined]));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_000 });
    await create("alpha", "digits_v1");
    vi.useRealTimers();
    await eventually(async () => expect(await namesOf("alpha")).toEqual([true, undefined, "alpha", "ModelNameTaken"]));
    expect(await namesOf("zeta")).toEqual([true, "digits_v1", "digits_v1", undefined]);
    const message = 'The model name "digits_v1" is that of the InferenceService "zeta": requests find this one as "alpha"';
    await eventually(async () =>
      expect((await running.http.list(eventKind)).items).toContainEqual(expect.objectContaining({ type: "Warning", message })),
    );
    await running.http.delete(inferenceServiceKind, { name: "zeta" });
    await eventually(async () => expect(await namesOf("alpha")).toEqual([true, "digits_v1", "digits_v1", undefined]));
  });

  test("belongs to an object of that name whenever there is one", async () => {
    await create("other", "digits");
    await eventually(async () => expect(await namesOf("other")).toEqual([true, "digits", "digits", undefined]));
    await create("digits");
    await eventually(async () => expect(await namesOf("other")).toEqual([true, undefined, "other", "ModelNameTaken"]));
    await eventually(async () => expect(await namesOf("digits")).toEqual([true, undefined, "digits", undefined]));
  });
});

test("a service whose vmodel belongs to another owner says so, and leaves it alone", async () => {
  const foreign: VModelRecord = {
    owner: "ksp",
    activeModelId: "default/digits__ksp-1",
    activeRevision: 1,
    targetModelId: "default/digits__ksp-1",
    targetRevision: 1,
    failed: false,
  };
  await running.store.transact({ success: [putOperation(vmodelKey("default/digits"), encodeRecord(foreign))] });
  await create("digits");
  await eventually(async () =>
    expect((await read("digits")).status).toMatchObject({
      modelStatus: { states: { activeModelState: "FailedToLoad" } },
      modelyard: { failure: { reason: "VMODEL_OWNED" } },
    }),
  );
  await running.http.delete(inferenceServiceKind, { name: "digits" });
  await create("later");
  await eventually(async () => expect((await namesOf("later"))[0]).toBe(true));
  const kept = await getKey(running.store, vmodelKey("default/digits"));
  expect(kept && decodeVModelRecord(kept.value)).toMatchObject({ owner: "ksp" });
});
