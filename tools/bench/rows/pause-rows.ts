/** How long a serving process does not come back to its event loop at half of what it can do, with one model and with many registered. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { encodeRecord, modelKey } from "@modelyard/mesh";
import { etcdClient, putOperation } from "@modelyard/store";
import { connectPeer } from "@modelyard/wire";
import { type Server, startServer, until } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { type Absence, absentMs, startCoreWitness } from "../core-witness.ts";
import { send, writeBodies } from "../load.ts";
import type { Collection, Pauses, Turn } from "../programs/pause-hook.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan, Sample } from "../row.ts";
import { type PacedLoad, sendPaced } from "./tail-rows.ts";

/** See the module. */
export const pauseRows: RowGroup = {
  ids: ["tail-pauses"],
  title: "Pauses",
  about:
    "A request waits for as long as the main thread of the serving process does not come back to its event loop. What counts is the time for which that thread ran in one turn, its garbage collections included; when it waited for a core, which the generator and others share, is told beside it, as the kernel counts it. When the machine's host has taken a core, the kernel counts that as running: a thread of the highest priority on each core, which wants it once a millisecond, tells, and what it did not get is taken off. Both figures are below.",
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
  const measure = async (): Promise<SeenPauses> => {
    const perSecond = Math.floor((await send(load, 20_000)) / 2 / connections);
    return await pausesDuring(server, file, () => sendPaced(load, { log, perSecond }));
  };
  const register = (): Promise<void> => registerMany(join(data, "control.sock"));
  return {
    rows: [
      ...rowsOf("tail-pauses", "one model registered", measure),
      ...rowsOf("tail-pauses-records", `${manyRecords} models registered`, async () => {
        await register();
        return await measure();
      }),
    ],
    close: async () => void (await server.stop()),
  };
}

/** Two of one measurement: whoever comes first makes it. */
function rowsOf(id: string, registered: string, measure: () => Promise<SeenPauses>): readonly RowPlan[] {
  const what = `MNIST over gRPC from ${connections} connections at half of the highest rate for a minute, with ${registered}`;
  const row = { unit: "ms", peer: "none", budget: { kind: "maxValue", value: 5 }, pairs: 1 } as const;
  let measured: Promise<SeenPauses> | undefined;
  const pauses = (): Promise<SeenPauses> => (measured ??= measure());
  return [
    {
      ...row,
      id,
      what: `${what}: the longest time for which the main thread ran without coming back to its event loop, which holds up every request`,
      ours: async () => turnsOf(await pauses()),
    },
    {
      ...row,
      id: `${id}-collections`,
      what: `${what}: the longest collection of garbage, with what it waited for its helper threads, and without the time for which others had its core`,
      ours: async () => collectionsOf(await pauses()),
    },
  ];
}

/** And when the host had a core, of each; undefined: nobody could tell. */
type SeenPauses = Pauses & { readonly absences: readonly (readonly Absence[])[] | undefined };

async function pausesDuring({ ready }: Server, file: string, act: () => Promise<void>): Promise<SeenPauses> {
  const [pid = 0] = ready.pids.serving;
  rmSync(file, { force: true });
  const witness = startCoreWitness();
  process.kill(pid, "SIGUSR2");
  try {
    await act();
  } finally {
    process.kill(pid, "SIGUSR2");
  }
  const absences = await witness.stop();
  const written = async (): Promise<Pauses> => {
    if (!existsSync(file)) throw new Error("no pauses were written");
    return JSON.parse(readFileSync(file, "utf8")) as Pauses;
  };
  return { ...(await until(written, { limitMs: 20_000 })), absences };
}

function turnsOf(pauses: SeenPauses): Sample {
  const { turns, busiest, latest } = pauses;
  const own = busiest.map((turn) => ({ turn, ownMs: turn.ranMs - takenMs(pauses, turn) })).toSorted((a, b) => b.ownMs - a.ownMs);
  const next = own.slice(1, 4).map(({ ownMs }) => ownMs.toFixed(1));
  const parts = (turn: Turn): string =>
    `ran ${turn.ranMs.toFixed(1)} ms with ${takenMs(pauses, turn).toFixed(1)} in which the host had the core, and waited ${turn.queuedMs.toFixed(1)} for a core`;
  const [longest, most, late] = [own[0]?.turn, busiest[0], latest[0]];
  const told = [
    `${turns} turns, of which the next longest ran ${next.join(", ")} ms.`,
    ...(longest ? [`The longest ${parts(longest)}; ${collectingMs(pauses, longest).toFixed(1)} of it were collections of garbage.`] : []),
    ...(most && most !== longest ? [`By the kernel's count alone the longest ${parts(most)}.`] : []),
    ...(late ? [`The turn that was the latest, by ${late.lateMs.toFixed(1)} ms, ${parts(late)}.`] : []),
    hostText(pauses),
  ];
  return { value: own[0]?.ownMs ?? 0, detail: told.join(" ") };
}

function collectingMs({ collections }: SeenPauses, turn: Turn): number {
  return collections.filter((one) => isWithin(one, turn)).reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function isWithin({ atMs }: Collection, turn: Turn): boolean {
  return turn.atMs <= atMs && atMs < turn.atMs + turn.wallMs;
}

/** Of a turn, the milliseconds for which the host had its core. */
function takenMs({ startedMs, absences }: SeenPauses, { atMs, wallMs, core, ranMs }: Turn): number {
  const from = startedMs + atMs;
  return Math.min(ranMs, absentMs(absences?.[core] ?? [], from, from + wallMs));
}

function hostText({ absences }: SeenPauses): string {
  if (!absences) return "Whether the host took a core could not be seen: threads of the highest priority are not allowed here.";
  const lengths = absences.flat().map(({ lengthMs }) => lengthMs);
  const long = lengths.filter((lengthMs) => lengthMs > 2);
  return `The host took a core for more than 2 ms ${long.length} times, for up to ${Math.max(0, ...lengths).toFixed(1)} ms.`;
}

function collectionsOf(pauses: SeenPauses): Sample {
  const { collections } = pauses;
  const byWall = collections.toSorted((a, b) => b.durationMs - a.durationMs);
  const own = byWall.map((one) => one.durationMs - othersMs(pauses, one)).toSorted((a, b) => b - a);
  const [longest] = byWall;
  const totalMs = collections.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const told = [`${collections.length} collections took ${totalMs.toFixed(0)} ms together.`];
  if (longest)
    told.push(
      `The longest by the clock took ${longest.durationMs.toFixed(1)} ms, in ${othersMs(pauses, longest).toFixed(1)} of which others had the core.`,
    );
  return { value: own[0] ?? 0, detail: told.join(" ") };
}

/**
 * Of a collection, the milliseconds for which its thread waited for a core, or the host had it. Known of the turns that are kept, which those with a
 * long collection are; that a turn waited is taken to have been within its collection.
 */
function othersMs(pauses: SeenPauses, collection: Collection): number {
  const { atMs, durationMs } = collection;
  const turn = [...pauses.latest, ...pauses.busiest].find((one) => isWithin(collection, one));
  if (!turn) return 0;
  const from = pauses.startedMs + atMs;
  const hostMs = absentMs(pauses.absences?.[turn.core] ?? [], from, from + durationMs);
  return Math.min(durationMs, turn.queuedMs + hostMs);
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
    const ids = Array.from({ length: putsAtOnce }, (_, index) => `default/many-${first + index}__isvc-${hex(first + index)}`);
    await store.transact({ compare: [], success: ids.map((id) => putOperation(modelKey(id), record)), failure: [] });
  }
  await store.close();
  await peer.close();
}

/** Ten digits that differ for each number, as the digests differ that ids end with. */
function hex(index: number): string {
  return (Math.imul(index, 0x9e3779b1) >>> 0).toString(16).padStart(10, "0");
}
