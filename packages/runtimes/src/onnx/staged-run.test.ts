/** Requests of one turn of the event loop to models on the I/O thread, on real ONNX Runtime: what each is told. */
import type { FixedTensor, Tensor } from "@modelyard/codec";
import { OwedWork } from "@modelyard/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InferRequest, LoadedModel, SharedRun } from "../contract.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";
import { identityModel } from "../testing/sample-models.ts";

let bench: OnnxWorkbench;
let owed: OwedWork;
beforeEach(async () => {
  bench = await onnxWorkbench();
  owed = new OwedWork();
});
afterEach(() => bench.close());

interface Told {
  readonly outputs: readonly Tensor[];
  readonly shared: SharedRun | undefined;
}

async function echoes(): Promise<LoadedModel> {
  const alone = await bench.store(identityModel("BYTES"), { max_batch_size: "0" });
  const model = await bench.open({ owed, limits: { inlineBelowMicros: 1e9 } }).load(alone);
  expect(model.placement).toBe("inline");
  return model;
}

function ask(model: LoadedModel, elements: readonly Uint8Array[]): Promise<Told> {
  const request: InferRequest = { inputs: [{ name: "x", datatype: "BYTES", shape: [elements.length], elements }], outputNames: undefined };
  return new Promise((resolve, reject) => {
    model.inferTo?.(request, { ran: (outputs, shared) => resolve({ outputs, shared }), failed: reject });
  });
}

const textsOf = ([output]: readonly Tensor[]): readonly string[] =>
  output?.datatype === "BYTES" ? output.elements.map((one) => Buffer.from(one).toString()) : [(output as FixedTensor).datatype];

describe("requests that come in one turn", () => {
  it("run one by one: each has its own answer and the time of its own run", async () => {
    const model = await echoes();
    const texts = Array.from({ length: 20 }, (_, index) => [`a${index}`, `b${index}`]);
    const told = await Promise.all(
      texts.map((some) =>
        ask(
          model,
          some.map((text) => Buffer.from(text)),
        ),
      ),
    );
    expect(told.map(({ outputs }) => textsOf(outputs))).toEqual(texts);
    for (const { shared } of told) expect(shared).toMatchObject({ rows: 2, requests: 1, isCounted: true });
    expect(told.every(({ shared }) => (shared?.runMs ?? 0) > 0)).toBe(true);
  });

  it("fail alone", async () => {
    const model = await echoes();
    const asked = [ask(model, [Buffer.from("x")]), ask(model, [Buffer.from([0xff])]), ask(model, [Buffer.from("z")])];
    const [before, wrong, after] = await Promise.allSettled(asked);
    expect(wrong).toMatchObject({ status: "rejected", reason: { reason: "INVALID_UTF8" } });
    expect([before, after].map((one) => one?.status === "fulfilled" && textsOf(one.value.outputs))).toEqual([["x"], ["z"]]);
  });

  it("are owed until they have run", async () => {
    const model = await echoes();
    const asked = ask(model, [Buffer.from("x")]);
    expect(owed.micros).toBe(Math.ceil(model.runMicros));
    expect(owed.micros).toBeGreaterThan(0);
    await asked;
    expect(owed.micros).toBe(0);
  });
});
