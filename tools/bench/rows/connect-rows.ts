/** A new connection for every request: what a client costs that keeps none, beside nginx, and what it costs that a supervisor stands before the server. */
import { join } from "node:path";
import { startServer } from "../../acceptance/harness/server.ts";
import { capture } from "../../repository.ts";
import { cpuMicros, processTree } from "../cpu-time.ts";
import { startNginx } from "../peers/nginx.ts";
import { type BenchContext, gatedPairs, type OpenGroup, type RowGroup, type RowPlan } from "../row.ts";
import { startServingProcess } from "../serving-process.ts";

const connections = 10_000;
const inFlight = 16;
/** By then V8 has optimised what a connection needs. */
const warmUpConnections = 40_000;

/** See the module. */
export const connectRows: RowGroup = {
  ids: ["connect"],
  title: "A new connection for every request",
  about: `HTTP/1.1, \`GET /v2/health/live\` with \`connection: close\`, ${inFlight} connections at once, ${connections} in a sample after ${warmUpConnections} that are not measured. No access log on either side.`,
  open,
};

/** A server that is asked. */
interface Asked {
  readonly url: string;
  readonly pid: number;
}

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const one = await startServer(join(folder, "one"));
  const two = await startServer(join(folder, "two"), { args: ["--serving-processes", "2"] });
  const serve = await startServingProcess(join(folder, "one"));
  const nginx = await startNginx(join(folder, "nginx"), "");
  const ours: Asked = { url: one.ready.data, pid: one.ready.pids.supervisor };
  const handed: Asked = { url: two.ready.data, pid: two.ready.pids.supervisor };
  const alone: Asked = { url: serve.address, pid: serve.pid };
  const peer: Asked = { url: nginx.rest ?? "", pid: nginx.pid };
  for (const asked of [ours, handed, alone, peer]) await connectAll(asked, warmUpConnections);
  const row = (id: string, rest: Omit<RowPlan, "id" | "unit" | "pairs">): RowPlan => ({ id, unit: "us CPU", pairs: gatedPairs, ...rest });
  return {
    rows: [
      row("connect-cpu", {
        what: "`modelyard up` as it comes: CPU of all its processes a connection with one request",
        peer: "nginx, one worker, `return 200`",
        budget: { kind: "maxRatio", value: 2.5 },
        ours: () => cpuOf(ours),
        theirs: () => cpuOf(peer),
      }),
      row("connect-supervisor", {
        what: "The same beside a serving process that listens itself: what the supervisor, which holds the port, adds",
        peer: "`modelyard serve`",
        ours: () => cpuOf(ours),
        theirs: () => cpuOf(alone),
      }),
      row("connect-handed-over", {
        what: "`modelyard up --serving-processes 2`, where the supervisor accepts and hands each connection to the process with the fewest: the tax of handing over",
        peer: "one serving process, which accepts itself",
        ours: () => cpuOf(handed),
        theirs: () => cpuOf(ours),
      }),
      {
        ...row("connect-rate", {
          what: "Connections a second with the generator, a Node program, on the same machine",
          peer: "nginx, one worker, `return 200`",
          ours: () => connectAll(ours, connections),
          theirs: () => connectAll(peer, connections),
        }),
        unit: "connections/s",
      },
    ],
    async close() {
      await nginx.stop();
      await serve.stop();
      await two.stop();
      await one.stop();
    },
  };
}

async function cpuOf(asked: Asked): Promise<number> {
  const pids = processTree(asked.pid);
  const before = cpuMicros(pids);
  await connectAll(asked, connections);
  return (cpuMicros(pids) - before) / connections;
}

/** Their rate a second. */
async function connectAll({ url }: Asked, count: number): Promise<number> {
  const script = join(import.meta.dirname, "..", "programs", "connect-program.ts");
  const args = ["--conditions=modelyard-source", script, new URL(url).port, String(count), String(inFlight)];
  const { status, stdout, output } = await capture(process.execPath, args);
  if (status !== 0) throw new Error(`the connecting program ended with ${status}: ${output.slice(-800)}`);
  return Number(stdout);
}
