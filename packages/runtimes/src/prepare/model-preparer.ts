/** Finds the prepared copy of an artifact, or has it made: at most once at a time per copy, however many ask. */
import { availableParallelism } from "node:os";
import { type Counter, failure, type Metrics } from "@modelyard/core";
import type { LocalArtifacts, OpenArtifact } from "@modelyard/objects";
import { findModelFile } from "./find-model-file.ts";
import type { PreparePool, PrepareRunOptions } from "./prepare-pool.ts";
import type { JobFile, PrepareJob } from "./prepare-protocol.ts";
import { type PreparedCopy, type PreparedFolder, preparedKey } from "./prepared-folder.ts";
import { type PreparedInfo, prepareFormat } from "./prepared-info.ts";
import { SharedWork } from "./shared-work.ts";

/** What a preparer is made from. */
export interface ModelPreparerDeps {
  readonly artifacts: LocalArtifacts;
  readonly folder: PreparedFolder;
  readonly pool: PreparePool;
  readonly metrics: Metrics;
  readonly cpuKind: string;
  readonly runtimeVersion: string;
}

/** Options of {@link ModelPreparer.obtain}. */
export interface ObtainOptions {
  readonly signal: AbortSignal;
  readonly runLimitMs: number;
  /** Called when the copy has to be made first. */
  readonly onPrepare: () => void;
}

// A sweep lists the whole folder; once per so many new copies keeps it within a few percent of its limit.
const copiesPerSweep = 64;

/** See the module. */
export class ModelPreparer {
  readonly #deps: ModelPreparerDeps;
  readonly #underWay = new SharedWork<void>();
  readonly #hits: Counter;
  readonly #made: Counter;
  readonly #refused: Counter;
  #copiesSinceSweep = 0;

  constructor(deps: ModelPreparerDeps) {
    this.#deps = deps;
    const count = (result: string): Counter => deps.metrics.counter("modelyard_prepare_total", { result });
    this.#hits = count("reused");
    this.#made = count("made");
    this.#refused = count("failed");
  }

  /** What is recorded of an artifact that was prepared here before. */
  peek(digest: string): PreparedInfo | undefined {
    return this.#deps.folder.peek(this.#keyOf(digest));
  }

  /** The prepared copy of an artifact. Rejects with `MODEL_LOAD_FAILED` or the signal's reason. */
  async obtain(digest: string, options: ObtainOptions): Promise<PreparedCopy> {
    const key = this.#keyOf(digest);
    const found = await this.#deps.folder.find(key);
    if (found) {
      this.#hits.add();
      return found;
    }
    options.onPrepare();
    await this.#underWay.join(key, (signal) => this.#prepare(digest, { signal, runLimitMs: options.runLimitMs }), options.signal);
    const made = await this.#deps.folder.find(key);
    if (!made) throw failure("MODEL_LOAD_FAILED", { why: "its prepared copy was removed as soon as it was made" });
    return made;
  }

  /** Forgets a copy that turned out to be unusable. */
  discard(digest: string): Promise<void> {
    return this.#deps.folder.remove(this.#keyOf(digest));
  }

  #keyOf(digest: string): string {
    return preparedKey(digest, [this.#deps.cpuKind, this.#deps.runtimeVersion, String(prepareFormat)]);
  }

  /** The artifact stays open, and so on disk, until the child is done with its files. */
  async #prepare(digest: string, options: PrepareRunOptions): Promise<void> {
    const { artifacts, folder, pool } = this.#deps;
    const artifact = await artifacts.open(digest);
    try {
      const job = jobOf(artifact);
      await folder.add(this.#keyOf(digest), (outputDir) => pool.run({ ...job, outputDir }, options));
      this.#made.add();
    } catch (error) {
      this.#refused.add();
      throw error;
    } finally {
      await artifact.close();
    }
    await this.#sweepNowAndThen();
  }

  async #sweepNowAndThen(): Promise<void> {
    this.#copiesSinceSweep++;
    if (this.#copiesSinceSweep < copiesPerSweep) return;
    this.#copiesSinceSweep = 0;
    await this.#deps.folder.sweep();
  }
}

function jobOf(open: OpenArtifact): Omit<PrepareJob, "outputDir"> {
  const file = findModelFile(open.artifact.files);
  const describe = (one: typeof file): JobFile => ({ path: one.path, source: open.pathOf(one) });
  const others = open.artifact.files.filter((one) => one !== file);
  return { model: describe(file), others: others.map(describe), maxThreads: availableParallelism() };
}
