/** How much of the busy time of a serving process is ONNX Runtime's own: what is left is what serving costs. */
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startServer, until } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { cpuMicros } from "../cpu-time.ts";
import { type Encoding, type Load, ourWarmUp, send, warmUp, writeBodies } from "../load.ts";
import { busyShares, type CpuProfile, type FunctionShare } from "../profile.ts";
import type { BenchContext, Budget, OpenGroup, RowGroup, RowPlan, Sample } from "../row.ts";
import { type ServingProcess, startServingProcess } from "../serving-process.ts";

/** See the module. */
export const profileRows: RowGroup = {
  ids: ["profile"],
  title: "Where the time goes",
  about: `A CPU profile of the I/O thread of a serving process, self times over busy time, after ${ourWarmUp} requests of each load; the profiles are kept in \`results/bench\`. V8 counts what the kernel does for reads as idle, so that the share of the CPU time of the whole process by the kernel's counters is told, too.`,
  open,
};

const model = "mnist";
const requests = 20_000;

interface ProfileCase {
  readonly id: string;
  readonly words: string;
  readonly encoding: Encoding;
  readonly inFlight: number;
  readonly least?: number;
}

const cases: readonly ProfileCase[] = [
  { id: "profile-grpc-10", words: "gRPC, 10 streams of one connection", encoding: "grpc", inFlight: 10, least: 75 },
  { id: "profile-grpc-100", words: "gRPC, 100 streams of one connection", encoding: "grpc", inFlight: 100, least: 75 },
  { id: "profile-binary-32", words: "REST (binary), 32 connections", encoding: "binary", inFlight: 32, least: 42 },
  { id: "profile-rest-32", words: "REST (JSON), 32 connections", encoding: "rest", inFlight: 32 },
];

async function open({ folder, results }: BenchContext): Promise<OpenGroup> {
  const data = join(folder, "data");
  const server = await startServer(data);
  await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", model]);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const bodies = writeBodies(folder, { model, inputs: known?.inputs ?? [] });
  const serving = await startProfiled(folder, data);
  const loadOf = ({ encoding, inFlight }: ProfileCase): Load => {
    const load: Load = { address: serving.process.address, model, encoding, body: bodies[encoding], inFlight };
    return encoding === "grpc" ? { ...load, connections: 1 } : load;
  };
  await warmUp(cases.map(loadOf), ourWarmUp);
  const row = (one: ProfileCase): RowPlan => ({
    id: one.id,
    what: `MNIST over ${one.words}: share of the I/O thread's busy time that is ONNX Runtime's; what is left is what serving costs`,
    unit: "% of busy time",
    peer: "none",
    ...(one.least !== undefined && { budget: { kind: "minValue", value: one.least } satisfies Budget }),
    ours: () => profiled(serving, loadOf(one), join(results, `${one.id}.cpuprofile`)),
  });
  return {
    rows: cases.map(row),
    async close() {
      await serving.process.stop();
      await server.stop();
    },
  };
}

async function profiled(serving: Profiled, load: Load, kept: string): Promise<Sample> {
  let micros = -cpuMicros([serving.process.pid]);
  const profile = await serving.profile(() => send(load, requests), kept);
  micros += cpuMicros([serving.process.pid]);
  const { busyMicros, shares } = busyShares(profile);
  // The binding's call and what runs under it; nothing else is in that function.
  const [own, rest] = [shares.filter(isRun), shares.filter((share) => !isRun(share))];
  const share = own.reduce((sum, one) => sum + one.share, 0);
  const ofAll = `ONNX Runtime has ${percent((share * busyMicros) / micros)} of the CPU time of the process by the kernel's counters`;
  return { value: 100 * share, detail: `The rest: ${named(rest).slice(0, 8).join("; ")}. ${ofAll}.` };
}

function isRun({ name }: FunctionShare): boolean {
  return /^(native code under )?run .*ort-engine/.test(name);
}

/** What names of functions do not say. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/^native code under (handleWriteReq|writeGeneric|writevGeneric)/, "the kernel, writing to sockets"],
  [/^\(program\)$/, "native code outside of JavaScript: event loop and kernel"],
  [/^\(garbage collector\)$/, "garbage collection"],
];

function named(shares: readonly FunctionShare[]): readonly string[] {
  return shares.map(({ name, share }) => `${percent(share)} ${meanings.find(([form]) => form.test(name))?.[1] ?? name}`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

interface Profiled {
  readonly process: ServingProcess;
  /** The profile of what is done meanwhile, and a copy of it in the file. */
  profile(act: () => Promise<unknown>, kept: string): Promise<CpuProfile>;
}

/** A serving process that listens itself, beside those of the server, with the hook that profiles it. */
async function startProfiled(folder: string, dataDir: string): Promise<Profiled> {
  const file = join(folder, "serving.cpuprofile");
  const hook = join(import.meta.dirname, "..", "programs", "profile-hook.ts");
  const serving = await startServingProcess(dataDir, { nodeArgs: ["--import", hook], env: { MODELYARD_BENCH_PROFILE: file } });
  const written = async (): Promise<CpuProfile> => {
    if (!existsSync(file)) throw new Error("no profile was written");
    return JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  };
  return {
    process: serving,
    async profile(act, kept) {
      rmSync(file, { force: true });
      serving.child.kill("SIGUSR2");
      await act();
      serving.child.kill("SIGUSR2");
      const profile = await until(written, { limitMs: 20_000 });
      copyFileSync(file, kept);
      return profile;
    },
  };
}
