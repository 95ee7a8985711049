import type { FixedTensor, Tensor } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import type { InferRequest, InferResult, SharedRun } from "../contract.ts";
import { promisedResult } from "./infer-sink.ts";
import { RowBatcher } from "./row-batcher.ts";

const numbers = (values: readonly number[], name = "x"): FixedTensor => ({
  name,
  datatype: "FP32",
  shape: [values.length],
  bytes: Buffer.from(Float32Array.from(values).buffer),
});
const request = (...values: readonly number[]): InferRequest => ({ inputs: [numbers(values)], outputNames: undefined });
const valuesOf = (tensor: Tensor | undefined): readonly number[] =>
  tensor && "bytes" in tensor ? [...new Float32Array(new Uint8Array(tensor.bytes).buffer)] : [];
const valuesIn = async (running: InferResult): Promise<readonly number[]> => valuesOf((await running)[0]);

const inferIn = (batcher: RowBatcher, one: InferRequest): Promise<readonly Tensor[]> => promisedResult((sink) => batcher.infer(one, sink));

/** A model that doubles, and refuses a run with a negative number in it. */
function doubling({ maxRows = 8, maxDelayMs = 0, startRows = 8 } = {}): {
  readonly clock: FakeClock;
  readonly batcher: RowBatcher;
  readonly runs: (readonly number[])[];
} {
  const runs: (readonly number[])[] = [];
  const run = ({ inputs }: InferRequest): readonly Tensor[] => {
    const values = valuesOf(inputs[0]);
    runs.push(values);
    if (values.some((value) => value < 0)) throw failure("RUN_FAILED", { why: "a number is negative" });
    return [
      numbers(
        values.map((value) => 2 * value),
        "y",
      ),
    ];
  };
  const clock = fakeClock();
  return {
    batcher: new RowBatcher({ run, batching: { maxRows, maxDelayMs, startRows: Math.min(startRows, maxRows) }, clock }),
    runs,
    clock,
  };
}

describe("RowBatcher", () => {
  it("runs what came in one callback as one, and gives each its own", async () => {
    const { batcher, runs } = doubling();
    const answers = [request(1), request(2, 3), request(4)].map((one) => valuesIn(inferIn(batcher, one)));
    expect(await Promise.all(answers)).toEqual([[2], [4, 6], [8]]);
    expect(runs).toEqual([[1, 2, 3, 4]]);
  });

  it("runs a lone request before the next turn of the event loop", async () => {
    const { batcher } = doubling();
    let turns = 0;
    setImmediate(() => turns++);
    expect(await valuesIn(inferIn(batcher, request(1)))).toEqual([2]);
    expect(turns).toBe(0);
  });

  it("waits for the rest of the turn while requests have company", async () => {
    const { batcher, runs } = doubling();
    await Promise.all([inferIn(batcher, request(1)), inferIn(batcher, request(2))]);
    const first = inferIn(batcher, request(3));
    await Promise.resolve();
    const second = inferIn(batcher, request(4));
    await Promise.all([first, second]);
    expect(runs).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("puts no more rows together than the limit, and runs a request that has more alone", async () => {
    const { batcher, runs } = doubling({ maxRows: 3 });
    await Promise.all([request(1, 2), request(3, 4), request(5), request(6, 7, 8, 9)].map(async (one) => inferIn(batcher, one)));
    expect(runs).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7, 8, 9],
    ]);
  });

  it("a request that fails does so alone", async () => {
    const { batcher } = doubling();
    const answers = [request(1), request(-2), request(3)].map((one) =>
      valuesIn(inferIn(batcher, one)).catch((error: { reason: string }) => error.reason),
    );
    expect(await Promise.all(answers)).toEqual([[2], "RUN_FAILED", [6]]);
  });

  it("tells each what its run was shared by, one of them to count it, and of those that were run again nothing", async () => {
    const { batcher } = doubling();
    const sharedBy = (...values: readonly number[]): Promise<SharedRun | undefined> =>
      new Promise((resolve, reject) => batcher.infer(request(...values), { ran: (_, shared) => resolve(shared), failed: reject }));
    const together = { rows: 4, requests: 3, runMs: 0 };
    expect(await Promise.all([sharedBy(1), sharedBy(2, 3), sharedBy(4)])).toEqual([
      { ...together, isCounted: false },
      { ...together, isCounted: false },
      { ...together, isCounted: true },
    ]);
    expect(await sharedBy(5)).toEqual({ rows: 1, requests: 1, runMs: 0, isCounted: true });
    const again = await Promise.allSettled([sharedBy(6), sharedBy(-7)]);
    expect(again).toMatchObject([{ value: undefined }, { reason: { reason: "RUN_FAILED" } }]);
  });

  it("keeps bytes that are written over once infer() has returned", async () => {
    const { batcher } = doubling();
    const given = request(1);
    const [input] = given.inputs;
    const running = inferIn(batcher, given);
    if (input && "bytes" in input) input.bytes.fill(0);
    expect(await valuesIn(running)).toEqual([2]);
  });

  it("runs requests without rows, or of another form, apart", async () => {
    const { batcher, runs } = doubling();
    const scalar: InferRequest = { inputs: [{ ...numbers([5]), shape: [] }], outputNames: undefined };
    const wanted: InferRequest = { ...request(6), outputNames: ["y"] };
    await Promise.all([request(1), scalar, wanted, request(2)].map(async (one) => inferIn(batcher, one)));
    expect(runs.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual([[1, 2], [5], [6]]);
    expect(batcher.waitingCount).toBe(0);
  });

  it("with a delay waits for company, no longer than that, and not when there is enough", async () => {
    const { batcher, runs, clock } = doubling({ maxRows: 2, maxDelayMs: 5 });
    const alone = inferIn(batcher, request(1));
    await clock.advance(4);
    expect(runs).toEqual([]);
    await clock.advance(1);
    await alone;
    await Promise.all([inferIn(batcher, request(2)), inferIn(batcher, request(3))]);
    expect(runs).toEqual([[1], [2, 3]]);
    expect(clock.pending).toBe(0);
  });

  it("with a delay waits no longer when as many are there as a run is preferred to have", async () => {
    const { batcher, runs, clock } = doubling({ maxDelayMs: 5, startRows: 2 });
    await Promise.all([inferIn(batcher, request(1)), inferIn(batcher, request(2)), inferIn(batcher, request(3))]);
    expect(runs).toEqual([[1, 2, 3]]);
    expect(clock.pending).toBe(0);
  });

  it("runs requests one by one when an output does not have a row for each of theirs", async () => {
    const run = ({ inputs }: InferRequest): readonly Tensor[] => [
      numbers([valuesOf(inputs[0]).reduce((sum, value) => sum + value, 0)], "y"),
    ];
    const batcher = new RowBatcher({ run, batching: { maxRows: 8, maxDelayMs: 0, startRows: 8 }, clock: fakeClock() });
    const answers = [request(1, 2), request(3, 4)].map((one) => valuesIn(inferIn(batcher, one)));
    expect(await Promise.all(answers)).toEqual([[3], [7]]);
  });
});
