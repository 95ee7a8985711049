/** The suite every {@link ModelRuntime} passes. */
import type { FixedTensor, Tensor } from "@modelyard/codec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedModel, LoadRequest, LoadStage, ModelRuntime } from "../contract.ts";

/** A runtime under test with the models it can be asked for. */
export interface RuntimeSubject {
  readonly runtime: ModelRuntime;
  /** Takes `x` (FP32, any length) and gives `y` and `z`, both equal to `x`. */
  readonly echo: LoadRequest;
  /** As `echo`, under another id. */
  readonly other: LoadRequest;
  /** Fails to load with `MODEL_LOAD_FAILED`. */
  readonly broken: LoadRequest;
  /** Ends what the subject needed beside the runtime, which the suite closes itself. */
  close(): Promise<void>;
}

/** Runs the suite against a runtime. */
export function runtimeContract(name: string, open: () => Promise<RuntimeSubject>): void {
  describe(`${name} keeps the runtime contract`, () => {
    let subject: RuntimeSubject;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(async () => {
      await subject.runtime.close();
      await subject.close();
    });
    const load = (request: LoadRequest): Promise<LoadedModel> => subject.runtime.load(request);

    describeSizes(() => subject);
    describeRuns(() => load(subject.echo));
    describeLife(() => subject);
    describeFailures(() => subject);
  });
}

function describeSizes(subject: () => RuntimeSubject): void {
  it("status() is ready with a capacity and limits above zero", () => {
    const status = subject().runtime.status();
    expect(status.state).toBe("ready");
    for (const amount of [status.capacityBytes, status.maxLoadingConcurrency, status.loadTimeoutMs, status.defaultSizeBytes]) {
      expect(amount).toBeGreaterThan(0);
    }
  });

  it("predictSizeBytes() is a whole number above zero before and after the first load", async () => {
    const { runtime, other } = subject();
    const before = await runtime.predictSizeBytes(other);
    const model = await runtime.load(other);
    const after = await runtime.predictSizeBytes(other);
    await model.unload();
    for (const size of [before, after, model.sizeBytes]) expect(Number.isInteger(size) && size > 0).toBe(true);
  });

  it("load() tells what the model takes and gives", async () => {
    const { runtime, echo } = subject();
    const model = await runtime.load(echo);
    await model.unload();
    expect(model.modelId).toBe(echo.modelId);
    expect(model.signature.inputs).toEqual([{ name: "x", datatype: "FP32", shape: [-1] }]);
    expect(model.signature.outputs.map((output) => output.name)).toEqual(["y", "z"]);
    expect(model.maxConcurrency).toBeGreaterThanOrEqual(0);
  });

  it("load() reports its steps in order, from verify to load", async () => {
    const { runtime, echo } = subject();
    const stages: LoadStage[] = [];
    const model = await runtime.load(echo, { onStage: (stage) => stages.push(stage) });
    await model.unload();
    const order: readonly LoadStage[] = ["verify", "prepare", "load"];
    expect(stages).toEqual(order.filter((stage) => stages.includes(stage)));
    expect(stages[0]).toBe("verify");
    expect(stages.at(-1)).toBe("load");
  });
}

function describeRuns(load: () => Promise<LoadedModel>): void {
  describe("infer()", () => {
    let model: LoadedModel;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.unload());

    it("gives every output in the order of the signature when none is named", async () => {
      const outputs = await model.infer({ inputs: [floats("x", [1, 2, 3])], outputNames: undefined });
      expect(outputs.map((output) => output.name)).toEqual(["y", "z"]);
      expect(outputs.map(valuesOf)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect(outputs[0]?.shape).toEqual([3]);
    });

    it("gives the named outputs alone, in the order they were named", async () => {
      const one = await model.infer({ inputs: [floats("x", [4])], outputNames: ["z"] });
      const both = await model.infer({ inputs: [floats("x", [4])], outputNames: ["z", "y"] });
      expect(one.map((output) => output.name)).toEqual(["z"]);
      expect(both.map((output) => output.name)).toEqual(["z", "y"]);
    });

    it("takes a tensor without elements", async () => {
      const [y] = await model.infer({ inputs: [floats("x", [])], outputNames: ["y"] });
      expect(y && valuesOf(y)).toEqual([]);
      expect(y?.shape).toEqual([0]);
    });

    it("takes bytes at any offset and leaves them to the caller", async () => {
      const padded = new Uint8Array(9);
      padded.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
      const [y] = await model.infer({
        inputs: [{ name: "x", datatype: "FP32", shape: [2], bytes: padded.subarray(1) }],
        outputNames: ["y"],
      });
      expect(y && valuesOf(y)).toEqual([1.5, -2]);
      expect(padded.byteLength).toBe(9);
    });

    it("answers runs that overlap, each with its own result, which later runs do not change", async () => {
      const asked = Array.from({ length: 20 }, (_, index) => index);
      const answers = await Promise.all(
        asked.map(async (value) => await model.infer({ inputs: [floats("x", [value])], outputNames: ["y"] })),
      );
      expect(answers.map(([y]) => y && valuesOf(y))).toEqual(asked.map((value) => [value]));
    });
  });
}

function describeLife(subject: () => RuntimeSubject): void {
  it("unload() is idempotent, and the model can be loaded again", async () => {
    const { runtime, echo } = subject();
    const first = await runtime.load(echo);
    await first.unload();
    await first.unload();
    const second = await runtime.load(echo);
    const [y] = await second.infer({ inputs: [floats("x", [7])], outputNames: ["y"] });
    await second.unload();
    expect(y && valuesOf(y)).toEqual([7]);
  });

  it("unload() of one model leaves another usable", async () => {
    const { runtime, echo, other } = subject();
    const [kept, dropped] = await Promise.all([runtime.load(echo), runtime.load(other)]);
    await dropped.unload();
    const [y] = await kept.infer({ inputs: [floats("x", [8])], outputNames: ["y"] });
    await kept.unload();
    expect(y && valuesOf(y)).toEqual([8]);
  });

  it("unload() of one of two models from the same artifact leaves the other usable, each with its own id and its whole size", async () => {
    const { runtime, echo } = subject();
    const [first, second] = [await runtime.load(echo), await runtime.load({ ...echo, modelId: "echo-again" })];
    expect([first.modelId, second.modelId]).toEqual([echo.modelId, "echo-again"]);
    expect(second.sizeBytes).toBe(first.sizeBytes);
    await first.unload();
    const [y] = await second.infer({ inputs: [floats("x", [9])], outputNames: ["y"] });
    await second.unload();
    expect(y && valuesOf(y)).toEqual([9]);
  });
}

function describeFailures(subject: () => RuntimeSubject): void {
  it("load() of a broken model rejects with MODEL_LOAD_FAILED, and another model loads after it", async () => {
    const { runtime, broken, echo } = subject();
    await expect(runtime.load(broken)).rejects.toMatchObject({ reason: "MODEL_LOAD_FAILED" });
    const model = await runtime.load(echo);
    await model.unload();
  });

  it("load() rejects with the signal's reason when it is aborted before", async () => {
    const { runtime, echo } = subject();
    const reason = new Error("not wanted any more");
    await expect(runtime.load(echo, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("load() rejects with the signal's reason when it is aborted under way", async () => {
    const { runtime, other } = subject();
    const reason = new Error("not wanted any more");
    const controller = new AbortController();
    const load = runtime.load(other, { signal: controller.signal, onStage: () => controller.abort(reason) });
    await expect(load).rejects.toBe(reason);
  });

  // Last: it ends the runtime.
  it("close() is idempotent and later loads are refused", async () => {
    const { runtime, echo } = subject();
    await runtime.close();
    await runtime.close();
    await expect(runtime.load(echo)).rejects.toMatchObject({ reason: "CANCELLED" });
  });
}

function floats(name: string, values: readonly number[]): FixedTensor {
  return { name, datatype: "FP32", shape: [values.length], bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

function valuesOf(tensor: Tensor): readonly number[] {
  expect(tensor.datatype).toBe("FP32");
  const { bytes } = tensor as FixedTensor;
  return [...new Float32Array(new Uint8Array(bytes).buffer)];
}
