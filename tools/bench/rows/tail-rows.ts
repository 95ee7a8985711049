/** The tail of the latency at half of what the server can do. */
import { join } from "node:path";
import { startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { capture } from "../../repository.ts";
import { type Load, latenciesIn, send, writeBodies } from "../load.ts";
import type { BenchContext, OpenGroup, RowGroup } from "../row.ts";

/** See the module. */
export const tailRows: RowGroup = {
  ids: ["tail-half-load"],
  title: "Even latency",
  about: "The time of each single request at half of the server's highest rate; the generator runs on the same cores.",
  open,
};

const model = "mnist";
const connections = 16;
const seconds = 60;

async function open({ folder, say }: BenchContext): Promise<OpenGroup> {
  const server = await startServer(join(folder, "data"));
  await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", model]);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const body = writeBodies(folder, { model, inputs: known?.inputs ?? [] }).grpc;
  const load: PacedLoad = { address: server.ready.data, model, encoding: "grpc", body, inFlight: connections, connections };
  const log = join(folder, "latencies.log");
  return {
    rows: [
      {
        id: "tail-half-load",
        what: `MNIST over gRPC from ${connections} connections at half of the highest rate for ${seconds} s: the 99th percentile of the time a request takes beside the median, the generator on the same machine`,
        unit: "x the median",
        peer: "none",
        budget: { kind: "maxValue", value: 3 },
        pairs: 1,
        async ours() {
          await send(load, 10_000);
          const highest = await send(load, 40_000);
          await sendPaced(load, { log, perSecond: Math.floor(highest / 2 / connections) });
          const micros = latenciesIn(log);
          const at = (share: number): number => micros[Math.floor(micros.length * share)] ?? 0;
          say(
            `tail-half-load: ${micros.length} requests, p50 ${at(0.5)} us, p99 ${at(0.99)} us, p99.9 ${at(0.999)} us, longest ${micros.at(-1)} us`,
          );
          return at(0.99) / at(0.5);
        },
      },
    ],
    close: async () => void (await server.stop()),
  };
}

/** Load over gRPC from several connections. */
export type PacedLoad = Load & { readonly connections: number };

/** How fast, and where each request is noted. */
export interface Pace {
  readonly log: string;
  /** Requests a second of each connection. */
  readonly perSecond: number;
}

/** Sends for a minute at a constant rate. */
export async function sendPaced({ address, body, connections }: PacedLoad, { log, perSecond }: Pace): Promise<void> {
  const headers = body.headers.flatMap((field) => ["-H", field]);
  const pace = ["-c", String(connections), "-m", "1", "-t", "1", "-D", String(seconds), `--rps=${perSecond}`, `--log-file=${log}`];
  const { status, output } = await capture("h2load", [
    ...pace,
    "-d",
    body.file,
    ...headers,
    `${address}/inference.GRPCInferenceService/ModelInfer`,
  ]);
  if (status !== 0) throw new Error(`h2load ended with ${status}: ${output.slice(-500)}`);
}
