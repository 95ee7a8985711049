/** Hostile models: each fails alone, with its reason in `describe`, while another goes on answering. */
import { join } from "node:path";
import { hostileModels } from "../../hostile-models.ts";
import { call, connectionPool, paced, Tally } from "../harness/load.ts";
import { type Server, startServer, until } from "../harness/server.ts";
import { difference, type JsonTensor, readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

interface Outcome {
  readonly kind: string;
  readonly deployStatus: number | null;
  readonly reason: string;
  readonly isNamed: boolean;
}

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const server = await startServer(join(folder, "data"), { env: { MODELYARD_RUN_LIMIT: "2s" } });
  try {
    await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", "good"]);
    const tally = new Tally();
    const healthy = paced({ perSecond: 50, inFlight: 4, action: askGood(server, tally) });
    const outcomes: Outcome[] = [];
    for (const model of hostileModels(folder)) {
      say(model.kind);
      outcomes.push(await tryHostile(server, model));
    }
    await healthy.stop();
    const answers = await until(() => oneGood(server), { limitMs: 20_000 });
    const unnamed = outcomes.filter(({ isNamed }) => !isNamed);
    const measured = `${outcomes.length} hostile models, ${outcomes.length - unnamed.length} fail with a reason; the good one meanwhile: ${String(tally)}; it answers afterwards: ${answers}`;
    const refusals = [...tally.counts.keys()].filter((name) => name !== "right" && !["503", "ECONNRESET", "socket hang up"].includes(name));
    const holds = unnamed.length === 0 && outcomes.length >= 4 && refusals.length === 0 && tally.get("right") > 100;
    return {
      measured,
      holds,
      details: outcomes.map(({ kind, deployStatus, reason }) => `${kind}: deploy ended with ${deployStatus}; describe: ${reason}`),
    };
  } finally {
    await server.stop();
  }
}

async function tryHostile(server: Server, model: ReturnType<typeof hostileModels>[number]): Promise<Outcome> {
  const deploy = await server.command(["deploy", model.path, "--name", model.kind, "--timeout", "90s"]);
  if (deploy.status === 0) await provoke(server, model);
  const described = await until(
    async () => {
      const { stdout } = await server.command(["describe", "isvc", model.kind]);
      if (!failureLine(stdout, model.reason)) throw new Error(stdout);
      return stdout;
    },
    { limitMs: 60_000, everyMs: 500 },
  ).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const line = failureLine(described, model.reason);
  return { kind: model.kind, deployStatus: deploy.status, reason: line?.trim() ?? described.slice(-600), isNamed: line !== undefined };
}

/** The line of `describe` that says why the service is not ready. */
function failureLine(described: string, reason: RegExp): string | undefined {
  return described.split("\n").find((text) => /PredictorReady:\s+False/.test(text) && reason.test(text));
}

/** A model that only fails on a certain input gets it, until it is quarantined. */
async function provoke(server: Server, model: ReturnType<typeof hostileModels>[number]): Promise<void> {
  const agent = connectionPool(1);
  for (let attempt = 0; attempt < 4; attempt++) {
    await until(() => oneGood(server), { limitMs: 20_000 });
    const body = JSON.stringify({ inputs: model.inputs });
    await call(agent, { url: `${server.ready.data}/v2/models/${model.kind}/infer`, method: "POST", body, limitMs: 20_000 });
  }
  agent.destroy();
}

const pool = connectionPool(4);
const [known] = readCases(sharedModel("mnist/cases.json"));
const goodBody = JSON.stringify({ inputs: known?.inputs });

function askGood(server: Server, tally: Tally): () => Promise<void> {
  return async () => {
    const outcome = await call(pool, { url: `${server.ready.data}/v2/models/good/infer`, method: "POST", body: goodBody, limitMs: 20_000 });
    if (outcome.kind === "closed") tally.add(outcome.why);
    else if (outcome.status !== 200) tally.add(String(outcome.status));
    else tally.add(isRight(outcome.body) ? "right" : "wrong");
  };
}

async function oneGood(server: Server): Promise<boolean> {
  const response = await fetch(`${server.ready.data}/v2/models/good/infer`, { method: "POST", body: goodBody });
  if (!response.ok) throw new Error(`the good model answers ${response.status}`);
  return isRight(Buffer.from(await response.arrayBuffer()));
}

function isRight(body: Buffer): boolean {
  const { outputs } = JSON.parse(body.toString()) as { readonly outputs: readonly JsonTensor[] };
  return known !== undefined && difference(known, outputs) === undefined;
}
