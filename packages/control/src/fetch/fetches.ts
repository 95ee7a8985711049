/**
 * Fetches that run, and what became of those that ended: one a key, a few at a time. What is here is lost with the process, which is no harm: bytes that
 * arrived are kept by the artifact store, and a service whose artifact is not known is fetched again.
 */
import { type Clock, type Log, PlatformError, type Random } from "@modelyard/core";
import { type ArtifactSource, type ArtifactStore, describeSource, type FetchProgress, type IngestOptions } from "@modelyard/objects";
import { backOffMs } from "@modelyard/resources";

/** What is to be fetched. */
export interface FetchRequest extends Pick<IngestOptions, "expectedDigest" | "unpack"> {
  readonly source: ArtifactSource;
  readonly sourceHash: string;
  /** What failed under another version is tried again at once. */
  readonly credentialsVersion?: string;
}

/** Where a fetch is. */
export type FetchState =
  | ({ readonly kind: "running"; readonly sourceHash: string } & FetchProgress)
  | { readonly kind: "done"; readonly sourceHash: string; readonly digest: string; readonly totalBytes: number }
  | {
      readonly kind: "failed";
      readonly sourceHash: string;
      readonly error: PlatformError;
      /** Since 1970. */
      readonly atMs: number;
      /** On the monotonic scale. */
      readonly retryAtMs: number;
    };

/** What fetches are given. */
export interface FetchesDeps {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ends every fetch. */
  readonly signal: AbortSignal;
  /** Called when the state of a key changes. */
  readonly onChange: (key: string) => void;
}

interface Entry {
  readonly request: FetchRequest;
  readonly stop: AbortController;
  state: FetchState;
  attempt: number;
}

/** Most fetches at a time, over the network and from this machine each: a server that does not answer holds up no local file. */
const maxParallel = 4;

/** Places of one kind of source, and who waits for one. */
interface Lane {
  active: number;
  readonly waiting: Set<() => void>;
}

/** Waits after a failure that trying again may mend. */
const soon = { baseMs: 1_000, maxMs: 60_000 };
/** Wait after any other: somebody may put the file there without saying so. ModelMesh tries a failed load again after about as long. */
const lateMs = 600_000;

/** The fetches of every service. */
export class Fetches {
  readonly #deps: FetchesDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #lanes: Readonly<Record<"machine" | "network", Lane>> = {
    machine: { active: 0, waiting: new Set() },
    network: { active: 0, waiting: new Set() },
  };
  readonly #running = new Set<Promise<void>>();

  constructor(deps: FetchesDeps) {
    this.#deps = deps;
  }

  /** What is known of a key's fetch; that of an earlier source does not count. */
  state(key: string, sourceHash: string): FetchState | undefined {
    const entry = this.#entries.get(key);
    return entry?.request.sourceHash === sourceHash ? entry.state : undefined;
  }

  /** Digests that were fetched and may not be in any record yet. */
  digests(): readonly string[] {
    return [...this.#entries.values()].flatMap(({ state }) => (state.kind === "done" ? [state.digest] : []));
  }

  /** Starts the fetch of a key unless it runs, has ended well, or failed, is not due again and has the credentials it had. */
  ensure(key: string, request: FetchRequest): FetchState {
    const known = this.#entries.get(key);
    const isSame = known?.request.sourceHash === request.sourceHash;
    if (known && isSame && !this.#isDue(known, request)) return known.state;
    known?.stop.abort();
    const state: FetchState = { kind: "running", sourceHash: request.sourceHash, stage: "fetch", doneBytes: 0 };
    const entry: Entry = { request, stop: new AbortController(), state, attempt: isSame ? known.attempt + 1 : 1 };
    this.#entries.set(key, entry);
    const work = this.#run(key, entry).finally(() => this.#running.delete(work));
    this.#running.add(work);
    return state;
  }

  #isDue({ state, request: before }: Entry, request: FetchRequest): boolean {
    if (state.kind !== "failed") return false;
    return before.credentialsVersion !== request.credentialsVersion || state.retryAtMs <= this.#deps.clock.monotonicMs();
  }

  /** Ends a key's fetch and forgets what became of it. */
  forget(key: string): void {
    this.#entries.get(key)?.stop.abort();
    this.#entries.delete(key);
  }

  /** Resolves when no fetch runs any longer; the signal ends them. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(key: string, entry: Entry): Promise<void> {
    const signal = AbortSignal.any([entry.stop.signal, this.#deps.signal]);
    const lane = this.#lanes[laneOf(entry.request.source)];
    if (!(await takePlace(lane, signal))) return;
    try {
      const state = await this.#fetch(key, entry, signal);
      if (!signal.aborted) this.#become(key, entry, state);
    } finally {
      giveBack(lane);
    }
  }

  async #fetch(key: string, entry: Entry, signal: AbortSignal): Promise<FetchState> {
    const { artifacts, clock, random, log } = this.#deps;
    const { source, sourceHash, expectedDigest, unpack } = entry.request;
    const onProgress = (progress: FetchProgress): void => {
      if (!signal.aborted) this.#become(key, entry, { kind: "running", sourceHash, ...progress });
    };
    try {
      const how = { ...(expectedDigest === undefined ? {} : { expectedDigest }), ...(unpack === undefined ? {} : { unpack }) };
      const artifact = await artifacts.ingest(source, { signal, onProgress, ...how });
      return { kind: "done", sourceHash, digest: artifact.digest, totalBytes: artifact.totalBytes };
    } catch (cause) {
      const error = PlatformError.from(cause);
      const waitMs = error.retryable ? backOffMs(soon, entry.attempt, random) : lateMs;
      if (!signal.aborted)
        log.error("A source could not be fetched", cause, { service: key, source: describeSource(source), retryAfterMs: waitMs });
      return { kind: "failed", sourceHash, error, atMs: clock.nowMs(), retryAtMs: clock.monotonicMs() + waitMs };
    }
  }

  #become(key: string, entry: Entry, state: FetchState): void {
    if (this.#entries.get(key) !== entry) return;
    entry.state = state;
    this.#deps.onChange(key);
  }
}

function laneOf({ kind }: ArtifactSource): "machine" | "network" {
  return kind === "file" || kind === "pvc" || kind === "upload" ? "machine" : "network";
}

/** False when the signal was aborted before there was a place. */
function takePlace(lane: Lane, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  if (lane.active < maxParallel) {
    lane.active++;
    return Promise.resolve(true);
  }
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener("abort", leave);
      resolve(true);
    };
    const leave = (): void => {
      lane.waiting.delete(go);
      resolve(false);
    };
    lane.waiting.add(go);
    signal.addEventListener("abort", leave, { once: true });
  });
}

/** Hands the place to the one that waits longest. */
function giveBack(lane: Lane): void {
  const [next] = lane.waiting;
  if (!next) {
    lane.active--;
    return;
  }
  lane.waiting.delete(next);
  next();
}
