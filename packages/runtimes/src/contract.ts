/**
 * The runtime contract: load, size, unload, infer, metadata. The in-process ONNX Runtime implements it here; servers that speak
 * `mmesh.ModelRuntime` will be plugged in behind the same interface. One suite (`@modelyard/runtimes/testing`) holds for every implementation.
 */
import type { Datatype, Tensor } from "@modelyard/codec";
import type { PublicError } from "@modelyard/core";

/** Whether and how much a runtime can take. Source of the fields: ModelMesh's `RuntimeStatusResponse`. */
export interface RuntimeStatus {
  readonly state: "starting" | "ready" | "failing";
  /** Bytes its models may occupy together. */
  readonly capacityBytes: number;
  /** Loads it runs at once. */
  readonly maxLoadingConcurrency: number;
  readonly loadTimeoutMs: number;
  /** Size assumed for a model nothing is known of. */
  readonly defaultSizeBytes: number;
  readonly version: string;
}

/** What to load. */
export interface LoadRequest {
  /** Internal id of the immutable model (a revision). Never shown to clients. */
  readonly modelId: string;
  /** Model format, for example `onnx`. */
  readonly modelType: string;
  /** Digest of the artifact in `objects`, `sha256:<64 hex>`. */
  readonly artifactDigest: string;
  /** Storage parameters and the like; values a runtime does not know are ignored. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where it has to run, whatever its time: in a process of its own, because it cost one already. Default: where its time places it. */
  readonly isolation?: "process";
}

/** Steps of a load, in order, as `describe` and `deploy` show them. */
export type LoadStage = "verify" | "prepare" | "load";

/** Options of a load. */
export interface LoadOptions {
  readonly signal?: AbortSignal;
  readonly onStage?: (stage: LoadStage) => void;
  /**
   * Told when the process of the model's own crashed or was killed for a hang, while it loads and for as long as the model is loaded. Says whether
   * the next run starts another one or is refused with the report's error. Default: `restart`.
   */
  readonly onCrash?: (report: CrashReport) => CrashVerdict;
}

/** What becomes of a model whose own process crashed or hung. */
export type CrashVerdict = "restart" | "refuse";

/** One input or output. */
export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 = any size. */
  readonly shape: readonly number[];
}

/** What a model takes and gives. */
export interface ModelSignature {
  /** For example `onnx_onnxruntime`. */
  readonly platform: string;
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/** One inference. Names, datatypes, shapes and lengths were checked against the signature by the caller. */
export interface InferRequest {
  readonly inputs: readonly Tensor[];
  /** Outputs wanted, by name; `undefined` = all, in the order of the signature. */
  readonly outputNames: readonly string[] | undefined;
}

/** Result: either ready at once (the model runs inline on the I/O thread) or later (it runs elsewhere). */
export type InferResult = readonly Tensor[] | Promise<readonly Tensor[]>;

/** The run that a request had a part in, or waited for. */
export interface SharedRun {
  /** Rows of the run. */
  readonly rows: number;
  /** Requests it answered. */
  readonly requests: number;
  /** How long it took, milliseconds. */
  readonly runMs: number;
  /** Whether this request is the one of them that the run is counted by. */
  readonly isCounted: boolean;
}

/** Who takes the answer of a request: one of the two is called, once. Neither may throw. */
export interface InferSink {
  /** `shared`: how it ran, where it ran with others or waited for them; undefined: it ran by itself, at once. */
  ran(outputs: readonly Tensor[], shared: SharedRun | undefined): void;
  /** With a `PlatformError`. */
  failed(error: unknown): void;
}

/** A model in memory. */
export interface LoadedModel {
  readonly modelId: string;
  readonly signature: ModelSignature;
  /** Bytes it is charged for. */
  readonly sizeBytes: number;
  /** `measured`: change of resident memory over its load. `estimated`: by the calibrated formula. */
  readonly sizeSource: "measured" | "estimated";
  /** Runs at once that make sense; more wait in the caller. 0 = no limit. */
  readonly maxConcurrency: number;
  /** Where it runs: by its measured time on the I/O thread or in a worker; in a process of its own when a run must be killable. */
  readonly placement: "inline" | "worker" | "process";
  /** Median time of one run when it was prepared, microseconds. */
  readonly runMicros: number;
  /** How long a request may wait for company before it runs, milliseconds. Default 0: an inline model answers within the turn of the event loop. */
  readonly maxDelayMs?: number;
  /** Throws or rejects with a `PlatformError`; the model stays usable unless the error's reason says it crashed. */
  infer(request: InferRequest): InferResult;
  /**
   * The same for many requests at once, of a model that runs them together or one after another: the answer goes to `sink`, at once or later, and until
   * then the bytes of the request must stay as they are. Never throws. Absent: each runs by itself, at once.
   */
  inferTo?(request: InferRequest, sink: InferSink): void;
  /** Releases it; idempotent. The caller has waited for runs in flight. */
  unload(): Promise<void>;
}

/** A runtime. */
export interface ModelRuntime {
  /** For example `onnxruntime`. */
  readonly name: string;
  status(): RuntimeStatus;
  /** Size before loading, from what was prepared earlier or from the files; quick, never loads. */
  predictSizeBytes(request: LoadRequest): Promise<number>;
  /** Rejects with `MODEL_LOAD_FAILED` (or another reason of the catalogue) and leaves nothing behind. */
  load(request: LoadRequest, options?: LoadOptions): Promise<LoadedModel>;
  /** Ends workers and child processes; idempotent. */
  close(): Promise<void>;
}

/** A crash or hang of a serving process, as the post-mortem tells the next one, or of a process of the model's own. */
export interface CrashReport {
  readonly modelId: string;
  readonly phase: "load" | "run";
  /** `crash`: died in native code. `hang`: ended after `runLimit`. */
  readonly kind: "crash" | "hang";
  readonly atMs: number;
  readonly error: PublicError;
}
