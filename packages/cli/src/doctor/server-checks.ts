/** Whether a running server does its work. */
import { isRunning } from "@modelyard/core";
import type { Fetch } from "@modelyard/resources";
import { type LockRecord, type Pids, pidsOf, readLockRecord } from "../supervisor/lock-record.ts";
import type { Check } from "./machine-checks.ts";

/** A server that holds a data folder. */
export interface RunningServer {
  readonly record: LockRecord;
  readonly pids: Pids;
  readonly data: string | undefined;
  readonly control: string | undefined;
  readonly metrics: string | undefined;
}

/** The server of a folder; undefined when none runs. */
export function runningServer(dataDir: string): RunningServer | undefined {
  const record = readLockRecord(dataDir);
  if (!record || !isRunning(record.supervisor)) return undefined;
  return { record, pids: pidsOf(record), data: record.data, control: record.control, metrics: record.metrics };
}

/** How ports are asked. */
export interface Asking {
  readonly signal: AbortSignal;
  /** With what the server wants to be shown. */
  readonly fetch: Fetch;
}

const answerLimitMs = 5_000;

/** Looks at its processes and asks both its ports. */
export async function serverChecks(server: RunningServer, asking: Asking): Promise<readonly Check[]> {
  const { record, data, control, metrics } = server;
  return [
    { name: "server", state: "ok", found: `pid ${record.supervisor.pid}, started at ${record.startedAt}` },
    processCheck(record),
    await portCheck({ name: "data port", url: data, path: "/v2/health/live" }, asking),
    await portCheck({ name: "control port", url: control, path: "/readyz" }, asking),
    // An embedded server has one only when it was asked for.
    ...(metrics === undefined ? [] : [await portCheck({ name: "metrics port", url: metrics, path: "" }, asking)]),
  ];
}

function processCheck({ children }: LockRecord): Check {
  if (children.length === 0) return { name: "processes", state: "ok", found: "one for everything: it is embedded" };
  const gone = children.filter((child) => !isRunning(child));
  const found = children.map(({ role, pid }) => `${role} ${pid}`).join(", ");
  if (gone.length === 0) return { name: "processes", state: "ok", found };
  const names = gone.map(({ role, pid }) => `${role} ${pid}`).join(", ");
  return {
    name: "processes",
    state: "warning",
    found: `${names} has ended and is being started again`,
    next: "Read why with `modelyard logs`",
  };
}

interface Port {
  readonly name: string;
  readonly url: string | undefined;
  readonly path: string;
}

async function portCheck({ name, url, path }: Port, { signal, fetch }: Asking): Promise<Check> {
  const next = "Wait a moment: what has ended is started again; if it stays so, read `modelyard logs`";
  if (url === undefined) return { name, state: "warning", found: "not open yet", next };
  const asked = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]);
  const status = await fetch(`${url}${path}`, { signal: asked }).then(
    (response) => response.status,
    () => undefined,
  );
  if (status === 200) return { name, state: "ok", found: url };
  const found = status === undefined ? `${url} does not answer` : `${url} answers ${path} with status ${status}`;
  return { name, state: "problem", found, next };
}
