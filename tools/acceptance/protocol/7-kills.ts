/** kill -9 of the serving process while REST and gRPC requests come over TLS: what fails is closed or says to try again, and nothing is answered wrong. */
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { seededRandom } from "@modelyard/core";
import { CallError, type Clients, connect } from "../harness/clients.ts";
import { leftovers } from "../harness/leftovers.ts";
import { call, paced, Tally } from "../harness/load.ts";
import { until } from "../harness/server.ts";
import { difference, type JsonTensor, type KnownCase, readCases, sharedModel } from "../harness/shared-data.ts";
import type { Finding } from "./7-pressure.ts";
import type { Target } from "./7-target.ts";

const kills = 25;
const seed = 20_261_121;
/** That much was under way in all, whatever the speed of the machine. */
const wantedRight = 20 * kills;
/** Models that are to be deployed for this part. */
export const killedModels: readonly string[] = ["one", "two", "three"];
const retryableStatus: ReadonlySet<number> = new Set([429, 503, 504]);
/** A connection that was lost, or could not be made, is UNAVAILABLE to a client of gRPC. */
const retryableCode: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]);

interface Run {
  readonly target: Target;
  readonly cases: readonly KnownCase[];
  readonly rest: Tally;
  readonly grpc: Tally;
  readonly problems: string[];
}

/** Kills the serving process again and again under load; ends the server. */
export async function killsUnderTls(target: Target, say: (line: string) => void): Promise<Finding> {
  const run: Run = { target, cases: readCases(sharedModel("mnist/cases.json")), rest: new Tally(), grpc: new Tally(), problems: [] };
  const pool = target.agent(16);
  const clients = connect(target.url, { ca: target.ca, metadata: target.headers });
  const began = performance.now();
  const loads = [
    paced({ perSecond: 150, inFlight: 16, action: (turn) => inferByRest(run, { pool, turn }) }),
    paced({ perSecond: 150, inFlight: 16, action: (turn) => inferByGrpc(run, { clients, turn }) }),
  ];
  await killAll(run, say);
  await delay(1_000);
  await Promise.all(loads.map((load) => load.stop()));
  const seconds = (performance.now() - began) / 1_000;
  const answering = await answeringAgain(run, { pool, clients });
  clients.close();
  pool.destroy();
  const exitStatus = await target.server.stop();
  const left = await leftovers(target.server.ready.dataDir);
  const right = run.rest.get("right") + run.grpc.get("right");
  const problems = [
    ...run.problems.slice(0, 20),
    ...(answering < killedModels.length ? [`only ${answering} of ${killedModels.length} services answer again`] : []),
    ...(exitStatus === 0 ? [] : [`the supervisor ended with ${exitStatus}`]),
    ...left.map((pid) => `process ${pid} is left over`),
    ...(right < wantedRight ? [`${right} right answers where ${wantedRight} are wanted`] : []),
  ];
  return {
    measured: `${kills} kills -9 in ${seconds.toFixed(0)} s under TLS (seed ${seed}): REST ${String(run.rest)}; gRPC ${String(run.grpc)}; ${answering} of ${killedModels.length} services answer again over both, ${left.length} processes left, exit status ${exitStatus}`,
    problems: problems.map((one) => `kills: ${one}`),
  };
}

function pick({ cases }: Run, turn: number): { readonly known: KnownCase; readonly model: string } {
  const [known, model] = [cases[turn % cases.length], killedModels[turn % killedModels.length]];
  if (!known || model === undefined) throw new Error("there is no known case");
  return { known, model };
}

async function inferByRest(run: Run, { pool, turn }: { readonly pool: ReturnType<Target["agent"]>; readonly turn: number }): Promise<void> {
  const { known, model } = pick(run, turn);
  const { url, headers } = run.target;
  const body = JSON.stringify({ inputs: known.inputs });
  const outcome = await call(pool, { url: `${url}/v2/models/${model}/infer`, method: "POST", headers, body, limitMs: 30_000 });
  if (outcome.kind === "closed") {
    run.rest.add(outcome.why);
    if (!closedWords.test(outcome.why)) run.problems.push(`a REST request ended with ${outcome.why}`);
    return;
  }
  if (outcome.status === 200) {
    const { outputs } = JSON.parse(outcome.body.toString()) as { readonly outputs: readonly JsonTensor[] };
    judge(run, { tally: run.rest, problem: difference(known, outputs) });
    return;
  }
  run.rest.add(String(outcome.status));
  if (!retryableStatus.has(outcome.status))
    run.problems.push(`a REST request was answered ${outcome.status}: ${outcome.body.toString().slice(0, 200)}`);
}

/** How Node says that a connection was lost, before or during its TLS handshake, or later. */
const closedWords = /^E(CONNRESET|CONNREFUSED|PIPE)$|socket hang up|socket disconnected before secure TLS/;

async function inferByGrpc(run: Run, { clients, turn }: { readonly clients: Clients; readonly turn: number }): Promise<void> {
  const { known, model } = pick(run, turn);
  try {
    judge(run, { tally: run.grpc, problem: difference(known, await clients.infer["gRPC raw"](model, known.inputs)) });
  } catch (error) {
    const code = error instanceof CallError ? error.status : undefined;
    run.grpc.add(code === undefined ? "no code" : (status[code] ?? String(code)));
    if (code === undefined || !retryableCode.has(code))
      run.problems.push(`a gRPC call ended with ${String(code)}: ${String(error).slice(0, 200)}`);
  }
}

function judge(run: Run, { tally, problem }: { readonly tally: Tally; readonly problem: string | undefined }): void {
  tally.add(problem === undefined ? "right" : "wrong");
  if (problem !== undefined) run.problems.push(problem);
}

/** One is killed only when its successor has answered. */
async function killAll(run: Run, say: (line: string) => void): Promise<void> {
  const { target } = run;
  const random = seededRandom(seed);
  const seen: number[] = [];
  for (let round = 0; round < kills; round++) {
    const pid = await until(async () => servingAnew(target, seen), { limitMs: 30_000 });
    seen.push(pid);
    const before = run.rest.get("right");
    await until(
      async () => {
        if (run.rest.get("right") === before) throw new Error("the new process has not answered yet");
      },
      { limitMs: 30_000, everyMs: 10 },
    );
    await delay(100 + random.next() * 500);
    process.kill(pid, "SIGKILL");
    if (round % 5 === 4) say(`${round + 1} kills; REST ${String(run.rest)}; gRPC ${String(run.grpc)}`);
  }
  await until(async () => servingAnew(target, seen), { limitMs: 30_000 });
}

function servingAnew(target: Target, seen: readonly number[]): number {
  const pid = target.servingPid();
  if (pid === 0 || seen.includes(pid)) throw new Error("there is no new serving process");
  return pid;
}

async function answeringAgain(
  run: Run,
  { pool, clients }: { readonly pool: ReturnType<Target["agent"]>; readonly clients: Clients },
): Promise<number> {
  const attempt = async (index: number): Promise<void> => {
    const now = { ...run, rest: new Tally(), grpc: new Tally(), problems: [] };
    await inferByRest(now, { pool, turn: index });
    await inferByGrpc(now, { clients, turn: index });
    if (now.rest.get("right") + now.grpc.get("right") < 2) throw new Error(`${String(now.rest)} ${String(now.grpc)}`);
  };
  const outcomes = await Promise.allSettled(killedModels.map((_, index) => until(() => attempt(index), { limitMs: 30_000 })));
  return outcomes.filter((outcome) => outcome.status === "fulfilled").length;
}
