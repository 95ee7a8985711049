/** How long a serving process stands still to collect garbage at half of what it can do, with one model and with many registered. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { encodeRecord, modelKey } from "@modelyard/mesh";
import { etcdClient, putOperation } from "@modelyard/store";
import { connectPeer } from "@modelyard/wire";
import { type Server, startServer, until } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { send, writeBodies } from "../load.ts";
import type { Pauses } from "../programs/pause-hook.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan, Sample } from "../row.ts";
import { type PacedLoad, sendPaced } from "./tail-rows.ts";

/** See the module. */
export const pauseRows: RowGroup = {
  ids: ["tail-pauses"],
  title: "Pauses",
  about:
    "The longest collection of garbage in the serving process at half of its highest rate, wall time, so that also a core that others took meanwhile counts; the generator runs on the same cores.",
  open,
};

const model = "mnist";
const connections = 16;
const manyRecords = 100_000;
/** Most operations that one transaction of the store takes. */
const putsAtOnce = 100;

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const [file, data] = [join(folder, "pauses.json"), join(folder, "data")];
  const hook = join(import.meta.dirname, "..", "programs", "pause-hook.ts");
  const server = await startServer(data, { env: { NODE_OPTIONS: `--import ${hook}`, MODELYARD_BENCH_PAUSES: file } });
  await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", model]);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const body = writeBodies(folder, { model, inputs: known?.inputs ?? [] }).grpc;
  const load: PacedLoad = { address: server.ready.data, model, encoding: "grpc", body, inFlight: connections, connections };
  const log = join(folder, "latencies.log");
  const row = (id: string, registered: string): RowPlan => ({
    id,
    what: `MNIST over gRPC from ${connections} connections at half of the highest rate for a minute, with ${registered}: the longest collection of garbage, which holds up every request`,
    unit: "ms",
    peer: "none",
    budget: { kind: "maxValue", value: 5 },
    pairs: 1,
    async ours() {
      const perSecond = Math.floor((await send(load, 20_000)) / 2 / connections);
      return await pausesDuring(server, file, () => sendPaced(load, { log, perSecond }));
    },
  });
  const many = row("tail-pauses-records", `${manyRecords} models registered`);
  const register = (): Promise<void> => registerMany(join(data, "control.sock"));
  return {
    rows: [
      row("tail-pauses", "one model registered"),
      {
        ...many,
        async ours() {
          await register();
          return await many.ours();
        },
      },
    ],
    close: async () => void (await server.stop()),
  };
}

async function pausesDuring({ ready }: Server, file: string, act: () => Promise<void>): Promise<Sample> {
  const [pid = 0] = ready.pids.serving;
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  await act();
  process.kill(pid, "SIGUSR2");
  const written = async (): Promise<Pauses> => {
    if (!existsSync(file)) throw new Error("no pauses were written");
    return JSON.parse(readFileSync(file, "utf8")) as Pauses;
  };
  const { collections, longestDelay } = await until(written, { limitMs: 20_000 });
  const [longest, total] = [Math.max(0, ...collections), collections.reduce((sum, one) => sum + one, 0)];
  const over = collections.filter((one) => one > 5).length;
  const counted = `${collections.length} collections took ${total.toFixed(0)} ms together, ${over} of them more than 5 ms`;
  return {
    value: longest,
    detail: `${counted}; a timer of the event loop was late by ${longestDelay.toFixed(1)} ms at most, from all causes.`,
  };
}

/** Registers models that nobody asks for. */
async function registerMany(socket: string): Promise<void> {
  const parts = { clock: systemClock(), log: silentLog(), random: systemRandom() };
  const peer = connectPeer({ address: { path: socket }, ...parts });
  const store = etcdClient({ peer, ...parts });
  const record = encodeRecord({
    type: "onnx",
    artifactDigest: `sha256:${"0".repeat(64)}`,
    parameters: {},
    runtime: "modelyard-onnx",
    revision: 1,
    references: 1,
    autoDelete: false,
    copies: {},
    failures: {},
    crashes: [],
    lastUsedMs: 0,
  });
  for (let first = 0; first < manyRecords; first += putsAtOnce) {
    const ids = Array.from({ length: putsAtOnce }, (_, index) => `default/many-${first + index}__isvc-${"0".repeat(10)}`);
    await store.transact({ compare: [], success: ids.map((id) => putOperation(modelKey(id), record)), failure: [] });
  }
  await store.close();
  await peer.close();
}
