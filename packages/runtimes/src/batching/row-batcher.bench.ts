/**
 * What putting 64 requests together and their answers apart takes, without a model's own work. Budget: 0.4 µs a request with one input of 3 KB and one
 * output. Microseconds a request, median of nine rounds. Run by hand:
 * `node --conditions=modelyard-source packages/runtimes/src/batching/row-batcher.bench.ts`.
 */
import { systemClock } from "@modelyard/core";
import type { InferRequest, InferSink } from "../contract.ts";
import { RowBatcher } from "./row-batcher.ts";

const inFlight = 64;
const columns = 784;
const outputBytes = 40;
const answers = new Uint8Array(inFlight * outputBytes);
const batcher = new RowBatcher({
  batching: { maxRows: 256, maxDelayMs: 0, startRows: 256 },
  clock: systemClock(),
  run({ inputs: [input] }) {
    const rows = input?.shape[0] ?? 0;
    return [{ name: "y", datatype: "FP32", shape: [rows, outputBytes / 4], bytes: answers.subarray(0, rows * outputBytes) }];
  },
});
const request: InferRequest = {
  inputs: [{ name: "x", datatype: "FP32", shape: [1, columns], bytes: new Uint8Array(4 * columns) }],
  outputNames: undefined,
};

function round(): Promise<void> {
  return new Promise((resolve, reject) => {
    let waiting = inFlight;
    const sink: InferSink = {
      ran() {
        waiting--;
        if (waiting === 0) resolve();
      },
      failed: reject,
    };
    for (let index = 0; index < inFlight; index++) batcher.infer(request, sink);
  });
}

async function microsPerRequest(): Promise<number> {
  const rounds = 1_000;
  const before = process.cpuUsage();
  for (let count = 0; count < rounds; count++) await round();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (rounds * inFlight);
}

await microsPerRequest();
const samples: number[] = [];
for (let count = 0; count < 9; count++) samples.push(await microsPerRequest());
console.log(`together and apart  ${(samples.toSorted((a, b) => a - b)[4] ?? 0).toFixed(2)} µs a request`);
