/**
 * Keeps a server running: owns the data folder and the public data port, starts control and the serving processes, starts them again when
 * they end, lets them have the port or its connections, and stops them in order. It does none of their work, and so outlives whatever ends them.
 */
import { type Clock, failure, failureFromPublic, type Log } from "@modelyard/core";
import { type DataFolder, makeDataFolder, prepareDataFolder } from "./data-folder.ts";
import { type ConnectionTaker, type DataPort, openDataPort } from "./data-port.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import type { HeartbeatLimits, WorkWatch } from "./heartbeat.ts";
import { holdPort } from "./held-port.ts";
import { type ChildRecord, type Pids, pidsOf, type Role } from "./lock-record.ts";
import { openLogFile } from "./log-file.ts";
import { portFailure } from "./port-failure.ts";
import { portUrl } from "./port-url.ts";
import { type ServingProcess, ServingProcesses } from "./serving-processes.ts";
import { StartOutcome } from "./start-outcome.ts";
import { type ProcessEvents, type ProgramSource, SupervisedProcess } from "./supervised-process.ts";
import { type MetricsOptions, SupervisorMetrics } from "./supervisor-metrics.ts";

/** A kind of child. */
export interface SupervisedProgram extends ProgramSource {
  /** Its settings, made anew for each start: the addresses are those known by then. */
  readonly settings: (facts: StartFacts) => unknown;
  /** Opens the watch over the work of a process that was started for a slot. Default: it always answers. */
  readonly openWatch?: (slot: number, pid: number) => Promise<WorkWatch>;
}

/** What a program's settings may depend on. */
export interface StartFacts {
  readonly folder: DataFolder;
  readonly dataUrl: string;
  /** Address control had in its earlier life, which it takes again. */
  readonly controlUrl: string | undefined;
  /** Which of the serving processes, from 0; below twice their number, since one that is replaced and its successor live together for a while. */
  readonly slot: number;
}

/** Options of {@link startSupervisor}. */
export interface SupervisorOptions {
  readonly dataDir: string;
  readonly address: string;
  readonly port: number;
  /** Whether TLS is spoken on every port. Default false. */
  readonly isSecure?: boolean;
  readonly servingProcesses: number;
  readonly programs: { readonly control: SupervisedProgram; readonly serving: SupervisedProgram };
  /** For requests in flight when it stops, milliseconds. */
  readonly drainLimitMs: number;
  readonly heartbeat?: Partial<HeartbeatLimits>;
  /** Default: no metrics port. */
  readonly metrics?: MetricsOptions;
}

/** What the supervisor is given. */
export interface SupervisorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** The facts of the ready line. */
export interface ReadyFacts {
  readonly data: string;
  readonly control: string;
  /** Where the metrics are; absent without a metrics port. */
  readonly metrics?: string;
  readonly dataDir: string;
  readonly pids: Pids;
}

/** A running supervisor. */
export interface Supervisor {
  /** Resolves when control and one serving process are ready; rejects when one of them reported, before that, that it cannot start. */
  readonly ready: Promise<ReadyFacts>;
  pids(): Pids;
  /**
   * Replaces every serving process by a new one, one after the other, while requests go on; before the server is ready it waits for that. One that
   * cannot start leaves the old one serving, and the log says why. Never rejects.
   */
  reload(): Promise<void>;
  /** Stops accepting, lets requests in flight finish, ends the children, gives the folder up. Idempotent. */
  close(): Promise<void>;
}

/** Takes the data folder and the data port and starts the children. Rejects with `DATA_FOLDER_…`, `PORT_BUSY` or `ADDRESS_UNUSABLE`. */
export async function startSupervisor(options: SupervisorOptions, deps: SupervisorDeps): Promise<Supervisor> {
  makeDataFolder(options.dataDir);
  const lock = await lockFolder(options.dataDir, deps);
  try {
    const folder = prepareDataFolder(options.dataDir);
    const supervisor = new RunningSupervisor({ options, deps, lock, folder });
    await supervisor.start().catch(async (error: unknown) => {
      await supervisor.close();
      throw error;
    });
    return supervisor;
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Parts {
  readonly options: SupervisorOptions;
  readonly deps: SupervisorDeps;
  readonly lock: FolderLock;
  readonly folder: DataFolder;
}

class RunningSupervisor implements Supervisor {
  readonly #parts: Parts;
  readonly #outcome = new StartOutcome((control) => this.#readyFacts(control));
  readonly #metrics: SupervisorMetrics;
  readonly #children = new Map<string, ChildRecord>();
  #port: DataPort | undefined;
  #processes: { readonly control: ServingProcess; readonly serving: ServingProcesses } | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#metrics = new SupervisorMetrics({ ...parts.deps, children: () => this.#living(), control: () => this.#processes?.control });
  }

  get ready(): Promise<ReadyFacts> {
    return this.#outcome.ready;
  }

  async start(): Promise<void> {
    const { options, deps, lock } = this.#parts;
    const { address, port, drainLimitMs, servingProcesses: count } = options;
    const takers = (): readonly ConnectionTaker[] => this.#processes?.serving.takers ?? [];
    const opening = count === 1 ? holdPort({ address, port }) : openDataPort({ address, port, takers, clock: deps.clock });
    this.#port = await opening.catch((error: unknown) => {
      throw portFailure(error, { role: "data", flag: "--port", address, port });
    });
    lock.update({ data: this.#dataUrl });
    if (options.metrics) lock.update({ metrics: await this.#metrics.open(address, options.metrics) });
    const control = this.#run("control", 0);
    const run = (slot: number): ServingProcess => this.#run("serving", slot);
    const onFree = (): void => this.#port?.dispatch();
    this.#processes = { control, serving: new ServingProcesses({ count, run, drainLimitMs, onFree, log: deps.log }) };
  }

  pids(): Pids {
    return pidsOf(this.#parts.lock.record);
  }

  async reload(): Promise<void> {
    const isReady = await this.ready.then(
      () => true,
      () => false,
    );
    if (isReady && !this.#closing) await this.#processes?.serving.reload();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { drainLimitMs } = this.#parts.options;
    this.#outcome.fail(failure("CANCELLED", { what: "The start of the server" }));
    this.#port?.close();
    this.#metrics.close();
    // Serving first: what it writes to the store at its end still finds control there.
    await this.#processes?.serving.stop(drainLimitMs);
    await this.#processes?.control.process.stop(drainLimitMs);
    this.#parts.lock.release();
  }

  #run(role: Role, slot: number): ServingProcess {
    const { options, deps, folder } = this.#parts;
    const { heartbeat } = options;
    const program = options.programs[role];
    const name = role === "control" ? role : `${role}-${slot}`;
    const logFileName = `logs/${name}.log`;
    const { promise: firstReady, resolve: becomeReady, reject: failFirst } = Promise.withResolvers<void>();
    // Of interest to a reload only.
    firstReady.catch(() => {});
    const events: ProcessEvents = {
      started: (identity) => {
        if (identity) this.#children.set(name, { ...identity, role });
        this.#recordChildren();
        return program.settings({ folder, dataUrl: this.#dataUrl, controlUrl: this.#outcome.controlUrl, slot });
      },
      ready: (url) => {
        becomeReady();
        this.#noteReady(role, url);
      },
      failed: (error) => {
        failFirst(failureFromPublic(error));
        this.#outcome.fail(failureFromPublic(error));
      },
      ended: ({ exitCode, signal }) => {
        const why = `it ended with ${signal ?? `status ${exitCode}`} before it was ready`;
        failFirst(failure("PROGRAM_FAILED", { role, why, logFile: logFileName }));
        this.#children.delete(name);
        this.#recordChildren();
        this.#outcome.noteDeath(role, logFileName);
      },
      restarting: () => this.#metrics.noteRestart(role),
      free: () => this.#port?.dispatch(),
    };
    const logFile = openLogFile({ dir: folder.logsDir, name });
    const { clock, log } = deps;
    const listensOn = role === "serving" ? this.#port?.handle : undefined;
    const watchSlot = program.openWatch;
    const openWatch = watchSlot && ((pid: number) => watchSlot(slot, pid));
    const source = { source: program, ...(heartbeat && { heartbeat }), openWatch, listensOn };
    const process = new SupervisedProcess({ role, ...source, logFile, events, clock, log });
    return { slot, name, process, firstReady };
  }

  #living(): readonly ServingProcess[] {
    const { control, serving } = this.#processes ?? {};
    return [...(control ? [control] : []), ...(serving?.all ?? [])];
  }

  get #dataUrl(): string {
    const { address, port, isSecure } = this.#parts.options;
    return portUrl({ address, port: this.#port?.port ?? port, isSecure });
  }

  #recordChildren(): void {
    const children = [...this.#children.values()].toSorted((a, b) => a.role.localeCompare(b.role));
    this.#parts.lock.update({ children });
  }

  #noteReady(role: Role, url: string | undefined): void {
    if (role === "control" && url !== undefined) this.#parts.lock.update({ control: url });
    this.#outcome.noteReady(role, url);
  }

  #readyFacts(control: string): ReadyFacts {
    const { metrics } = this.#parts.lock.record;
    return {
      data: this.#dataUrl,
      control,
      ...(metrics !== undefined && { metrics }),
      dataDir: this.#parts.folder.dir,
      pids: this.pids(),
    };
  }
}
