/** Connections that were used once and are kept, ten thousand of them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { IdleClientsOrder } from "../harness/idle-clients.ts";
import { footprintOf } from "../harness/process-footprint.ts";
import { type Finding, problemsOf, watchPressure } from "./7-pressure.ts";
import type { Target } from "./7-target.ts";

const count = 10_000;
const processes = 2;
/** What is allocated once, by the first connections, is not the price of the others. */
const warmUp = 500;
/** Each, with the garbage of opening it. */
const maxKibibytes = { cleartext: 24, TLS: 96 } as const;
const closeLimitMs = 30_000;

/** Opens them, asks for a good answer meanwhile, and closes them. */
export async function idleConnections(target: Target): Promise<Finding> {
  const early = await openMany(target, warmUp);
  await closeAll(early);
  const watch = await watchPressure(target);
  await watch.released(closeLimitMs);
  const pid = target.servingPid();
  const before = footprintOf(pid);
  const clients = await openMany(target, count);
  const open = footprintOf(pid);
  await closeAll(clients);
  const leftOver = await watch.released(closeLimitMs);
  const pressure = await watch.stop();
  const kibibytes = (open.residentBytes - before.residentBytes) / 1024 / count;
  const allowed = maxKibibytes[target.name];
  // Each client has had its answer; that the server did not close any since is seen by its handles.
  const missing = open.handles < count ? [`the server had only ${open.handles} handles with all of them open`] : [];
  return {
    measured: `${count} idle connections over ${target.name}: ${kibibytes.toFixed(1)} KiB each of ${allowed} allowed, ${leftOver} handles left over, good requests ${String(pressure.good)}`,
    problems: [...problemsOf(pressure, { maxGrowthBytes: allowed * 1024 * count, leftOver }), ...missing].map(
      (one) => `idle over ${target.name}: ${one}`,
    ),
  };
}

const program = fileURLToPath(new URL("../harness/idle-clients.ts", import.meta.url));

async function openMany({ port, ca }: Target, total: number): Promise<readonly ChildProcess[]> {
  const order: IdleClientsOrder = { port, count: total / processes, ...(ca !== undefined && { ca }) };
  const clients = Array.from({ length: processes }, () => fork(program));
  await Promise.all(
    clients.map(async (client) => {
      client.send(order);
      const ended = once(client, "exit").then(([status]) => Promise.reject(new Error(`the clients ended with ${String(status)}`)));
      await Promise.race([once(client, "message"), ended]);
    }),
  );
  return clients;
}

async function closeAll(clients: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    clients.map(async (client) => {
      const gone = once(client, "exit");
      client.disconnect();
      await gone;
    }),
  );
}
