/**
 * Counts and times of the inferences of each revision, as Triton's statistics extension has them.
 *
 * Hot path: recording one inference is a look-up by model id and a dozen additions to numbers in place, below half a microsecond.
 */

/** Most revisions that are counted; the one that was first seen longest ago makes room. */
export const maxStatisticsEntries = 10_000;
/** Most batch sizes that are counted by themselves for one revision; the rest is in the totals alone. */
export const maxBatchSizes = 32;

/** How often and how long. */
export interface DurationStatistics {
  count: number;
  /** Milliseconds. */
  totalMs: number;
}

/** Runs of one batch size. */
export interface BatchStatistics {
  readonly batchSize: number;
  readonly computeInput: DurationStatistics;
  readonly computeInfer: DurationStatistics;
  readonly computeOutput: DurationStatistics;
}

/** How much one inference was. */
export interface InferenceSize {
  /** Elements of its batch. */
  readonly batchSize: number;
  /** Elements of the run that is counted by it: as many, unless others had a part in the run. 0: the run is counted by another. */
  readonly runSize: number;
}

/** How long the stages of one inference took, milliseconds. */
export interface InferenceTimes {
  /** Waiting for the model to be loaded and for a turn with it. */
  readonly queueMs: number;
  /** Reading the inputs. */
  readonly inputMs: number;
  /** Running the model. */
  readonly inferMs: number;
  /** Writing the answer. */
  readonly outputMs: number;
}

/** What is known of the inferences of one revision. */
export class RevisionStatistics {
  /** Wall time of the last inference, ms since 1970; 0: none yet. */
  lastInferenceMs = 0;
  /** Successful inferences, each element of a batch counted. */
  inferenceCount = 0;
  /** Runs of the model: one for all requests that ran together. */
  executionCount = 0;
  readonly success: DurationStatistics = duration();
  readonly fail: DurationStatistics = duration();
  readonly queue: DurationStatistics = duration();
  readonly computeInput: DurationStatistics = duration();
  readonly computeInfer: DurationStatistics = duration();
  readonly computeOutput: DurationStatistics = duration();
  readonly #batches = new Map<number, BatchStatistics>();
  #lastBatch: BatchStatistics = batch(0);
  /** Milliseconds of requests whose run is counted by one that comes after them. */
  #uncountedInputMs = 0;
  #uncountedOutputMs = 0;

  /** By batch size, in the order they were first seen. */
  get batches(): readonly BatchStatistics[] {
    return [...this.#batches.values()];
  }

  /** Counts an inference that was answered. */
  addSuccess(times: InferenceTimes, { batchSize, runSize }: InferenceSize, nowMs: number): void {
    const { queueMs, inputMs, inferMs, outputMs } = times;
    this.lastInferenceMs = nowMs;
    this.inferenceCount += batchSize;
    add(this.success, queueMs + inputMs + inferMs + outputMs);
    add(this.queue, queueMs);
    add(this.computeInput, inputMs);
    add(this.computeInfer, inferMs);
    add(this.computeOutput, outputMs);
    this.#uncountedInputMs += inputMs;
    this.#uncountedOutputMs += outputMs;
    if (runSize > 0) this.#addRun(runSize, inferMs);
  }

  /** Counts an inference that was refused or failed after its model was known. */
  addFailure(elapsedMs: number): void {
    add(this.fail, elapsedMs);
  }

  #addRun(runSize: number, inferMs: number): void {
    this.executionCount++;
    const sized = this.#batchOf(runSize);
    if (sized) {
      add(sized.computeInput, this.#uncountedInputMs);
      add(sized.computeInfer, inferMs);
      add(sized.computeOutput, this.#uncountedOutputMs);
    }
    this.#uncountedInputMs = 0;
    this.#uncountedOutputMs = 0;
  }

  #batchOf(batchSize: number): BatchStatistics | undefined {
    if (this.#lastBatch.batchSize === batchSize) return this.#lastBatch;
    let sized = this.#batches.get(batchSize);
    if (!sized) {
      if (this.#batches.size >= maxBatchSizes) return undefined;
      sized = batch(batchSize);
      this.#batches.set(batchSize, sized);
    }
    this.#lastBatch = sized;
    return sized;
  }
}

/** The statistics of every revision this process has answered for. */
export class ModelStatistics {
  readonly #revisions = new Map<string, RevisionStatistics>();

  /** Of a revision, by its model id; made when it is first asked for. */
  of(modelId: string): RevisionStatistics {
    const known = this.#revisions.get(modelId);
    if (known) return known;
    for (const oldest of this.#revisions.keys()) {
      if (this.#revisions.size < maxStatisticsEntries) break;
      this.#revisions.delete(oldest);
    }
    const made = new RevisionStatistics();
    this.#revisions.set(modelId, made);
    return made;
  }

  /** Of a revision that was answered for; undefined: never. */
  find(modelId: string): RevisionStatistics | undefined {
    return this.#revisions.get(modelId);
  }
}

function duration(): DurationStatistics {
  return { count: 0, totalMs: 0 };
}

function batch(batchSize: number): BatchStatistics {
  return { batchSize, computeInput: duration(), computeInfer: duration(), computeOutput: duration() };
}

function add(statistics: DurationStatistics, elapsedMs: number): void {
  statistics.count++;
  statistics.totalMs += elapsedMs;
}
