/** A serving process under the supervisor: a client of the store that control serves, with connections handed to it. */
import { systemRandom } from "@modelyard/core";
import { type CrashReport, readPostMortem } from "@modelyard/runtimes";
import { etcdClient } from "@modelyard/store";
import { type BoundSocket, connectPeer, type ListenAddress } from "@modelyard/wire";
import type { ServingAccessSettings } from "./serving-access.ts";
import { type ServingLimits, startServingStack } from "./serving-stack.ts";
import type { CommonSettings, ProgramContext, RunningProgram } from "./supervised-program.ts";

/** What the supervisor tells a serving process. */
export interface ServeSettings extends CommonSettings, ServingLimits {
  readonly access: ServingAccessSettings;
  readonly controlSocket: string;
  readonly objectsDir: string;
  readonly preparedDir: string;
  /** Absent: nothing is kept for a successor, and nobody watches over runs. */
  readonly runningFile: string | undefined;
  readonly instanceId: string;
  readonly capacityBytes: number;
  readonly version: string;
}

/** A serving process: it can also listen itself. */
export interface ServeProgram extends RunningProgram {
  listen(address: ListenAddress | BoundSocket): Promise<ListenAddress>;
}

/** Starts the data plane as a client of the store at the socket. */
export async function startServe(settings: ServeSettings, context: ProgramContext): Promise<ServeProgram> {
  const { clock, log } = context;
  const random = systemRandom();
  const peer = connectPeer({ address: { path: settings.controlSocket }, clock, log, random });
  const store = etcdClient({ peer, clock, log, random });
  const stack = await startServingStack({ ...settings, store, crashReports: crashReports(settings, context), clock, log, random });
  return {
    samples: () => stack.samples(),
    ...(stack.authorize && { authorize: stack.authorize }),
    accept: (socket) => stack.accept(socket),
    listen: (address) => stack.listen(address),
    async close(limitMs, idleGraceMs) {
      await stack.close(limitMs, idleGraceMs);
      await store.close();
      await peer.close();
    },
  };
}

/**
 * What the process before left behind. Where nobody saw it end, its supervisor ended with it: then only a note of a watch blames a model,
 * as after a kill from outside.
 */
function crashReports({ runningFile }: ServeSettings, { predecessor, clock, log }: ProgramContext): readonly CrashReport[] {
  if (runningFile === undefined) return [];
  const { atMs, signal } = predecessor ?? { atMs: clock.nowMs(), signal: "SIGKILL" as const };
  const report = readPostMortem(runningFile, { atMs, ...(signal === null ? {} : { signal }) });
  if (report) log.warn("the process before this one ended while a model ran", { ...predecessor, ...report });
  return report ? [report] : [];
}
