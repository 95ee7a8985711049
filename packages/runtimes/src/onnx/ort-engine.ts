/**
 * ONNX Runtime as this package uses it: open a file, run, release.
 *
 * `onnxruntime-node` wraps a native class whose `run()` is synchronous; its public `session.run` adds a promise and a `setImmediate` hop
 * around the same call (3 of 28 microseconds for a small model, and a turn of the event loop). So the native class is used where it has the
 * shape known here; if a later version changes it, the public interface takes over and results are promises.
 *
 * Invariant: the library sends nothing out and writes nothing but what it is told to.
 */
import { createRequire } from "node:module";
import type { InferenceSession as PublicSession, Tensor as PublicTensor } from "onnxruntime-node";

/** Elements as the binding takes and gives them: typed arrays, or an array of strings. */
export type OrtData = ArrayBufferView<ArrayBufferLike> | readonly string[];

/** A tensor at the binding. `location` is always `cpu`. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: OrtData;
  readonly location: "cpu";
}

/** Named tensors. */
export type OrtTensors = Readonly<Record<string, OrtTensor>>;

/** An input or output as ONNX Runtime sees it after loading. */
export interface OrtValueInfo {
  readonly name: string;
  readonly isTensor: boolean;
  /** -1 = any size. Empty for scalars and for values of unknown rank alike. */
  readonly shape: readonly number[];
}

/** A loaded model. Nothing of it is used once it is released. */
export interface OrtSession {
  readonly inputs: readonly OrtValueInfo[];
  readonly outputs: readonly OrtValueInfo[];
  /** Runs with outputs named by the keys of `fetches`. Throws or rejects with ONNX Runtime's own error. */
  run(feeds: OrtTensors, fetches: Readonly<Record<string, null>>): OrtTensors | Promise<OrtTensors>;
  /** Gives its memory back; not called twice. */
  release(): void | Promise<void>;
}

/** Options of {@link OrtEngine.open}. */
export interface OrtOpenOptions {
  /** `disabled` for copies that were optimised before. */
  readonly optimization: "disabled" | "all";
  /** Threads of one run. Default 1: more make small models slower. */
  readonly threads?: number;
  /** What the file holds, where it was read already: saves reading it again. Not used once `open` has returned, nor where that is not the end of it. */
  readonly bytes?: Uint8Array | undefined;
  /** Writes the optimised graph to this path. */
  readonly optimizedPath?: string;
  /** Puts the weights of that graph beside it, in a file of this name; protobuf ends at 2 GiB. */
  readonly optimizedWeightsName?: string;
}

/** ONNX Runtime in this thread. */
export interface OrtEngine {
  readonly version: string;
  /** Whether `open` and `run` return without a promise. */
  readonly isSynchronous: boolean;
  open(path: string, options: OrtOpenOptions): OrtSession | Promise<OrtSession>;
}

interface NativeSession {
  loadModel(path: string, options: object): void;
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: object): void;
  readonly inputMetadata: readonly OrtValueInfo[];
  readonly outputMetadata: readonly OrtValueInfo[];
  run(feeds: OrtTensors, fetches: Readonly<Record<string, null>>): OrtTensors;
  dispose(): void;
}

interface NativeModule {
  readonly initOrt: () => void;
  readonly binding: { readonly InferenceSession: new () => NativeSession };
}

type PublicModule = typeof import("onnxruntime-node");

/** Opens ONNX Runtime; `native: false` forces the public interface (for tests of the way back). */
export function openOrtEngine(options: { readonly native?: boolean } = {}): OrtEngine {
  refuseReports();
  const require = createRequire(import.meta.url);
  // The package has no ES module entry; its types are those of the public interface.
  const published = require("onnxruntime-node") as PublicModule;
  const version = published.env.versions.common;
  const native = options.native === false ? undefined : loadNative(require);
  if (!native) return { version, isSynchronous: false, open: (path, open) => openPublic(published, path, open) };
  return { version, isSynchronous: true, open: (path, open) => openNative(native, path, open) };
}

/**
 * From 1.29 on the official builds report every session (names and hashes of models among it) to their maker: https://github.com/microsoft/onnxruntime/pull/27379.
 * The reports are kept in a database below the home folder, which also doubles the CPU of a load (0.5 ms of 1.0 for a model of 26 KB). This variable
 * is the library's only switch that leaves nothing of it; it is read once per process, when the library is first opened. Set here, because every
 * way to the library leads through here: the prepare child has an empty environment, and an embedding program knows nothing of it.
 */
function refuseReports(): void {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
}

/** The native class when this version of the package has it in the known shape. */
function loadNative(require: NodeJS.Require): NativeModule | undefined {
  try {
    const module = require("onnxruntime-node/dist/binding.js") as Partial<NativeModule>;
    const methods = module.binding?.InferenceSession?.prototype as Partial<NativeSession> | undefined;
    const isKnown =
      typeof module.initOrt === "function" &&
      [methods?.loadModel, methods?.run, methods?.dispose].every((method) => typeof method === "function");
    if (!isKnown) return undefined;
    module.initOrt?.();
    return module as NativeModule;
  } catch {
    // Not there in this version: the public interface does the same, one hop later.
    return undefined;
  }
}

function openNative(native: NativeModule, path: string, options: OrtOpenOptions): OrtSession {
  const session = new native.binding.InferenceSession();
  const { bytes } = options;
  if (bytes) session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, sessionOptions(options));
  else session.loadModel(path, sessionOptions(options));
  return new BoundSession(session);
}

/** A class whose inputs are read when they are asked for: of thousands of sessions none keeps functions or descriptions of its own, and a load is 11 µs shorter. */
class BoundSession implements OrtSession {
  readonly #native: NativeSession;

  constructor(native: NativeSession) {
    this.#native = native;
  }

  get inputs(): readonly OrtValueInfo[] {
    return this.#native.inputMetadata;
  }

  get outputs(): readonly OrtValueInfo[] {
    return this.#native.outputMetadata;
  }

  /** Without options of its own a run has the severity of its session; reading them takes the binding half a microsecond. */
  run(feeds: OrtTensors, fetches: Readonly<Record<string, null>>): OrtTensors {
    return this.#native.run(feeds, fetches);
  }

  release(): void {
    this.#native.dispose();
  }
}

async function openPublic(published: PublicModule, path: string, options: OrtOpenOptions): Promise<OrtSession> {
  const session = await published.InferenceSession.create(path, sessionOptions(options));
  return {
    inputs: session.inputMetadata.map(describePublic),
    outputs: session.outputMetadata.map(describePublic),
    run: async (feeds, fetches) => {
      const wrapped = Object.entries(feeds).map(([name, value]): [string, PublicTensor] => [name, wrap(published, value)]);
      // Tensors on the CPU have every field of an OrtTensor.
      return (await session.run(Object.fromEntries(wrapped), Object.keys(fetches))) as unknown as OrtTensors;
    },
    release: () => session.release(),
  };
}

/** Why each: `performance.md` measured them; the arena and memory patterns cost memory per session and bring no speed. Severity 4: errors are thrown, not printed. */
function sessionOptions(options: OrtOpenOptions): PublicSession.SessionOptions {
  const { optimization, threads = 1, optimizedPath, optimizedWeightsName } = options;
  return {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: 4,
    graphOptimizationLevel: optimization,
    ...(optimizedPath === undefined ? {} : { optimizedModelFilePath: optimizedPath }),
    ...(optimizedWeightsName === undefined ? {} : { extra: { session: externalWeights(optimizedWeightsName) } }),
  };
}

/** Every weight goes into the file: small ones that stayed would refer to a file the copy does not have. */
function externalWeights(name: string): Readonly<Record<string, string>> {
  return { optimized_model_external_initializers_file_name: name, optimized_model_external_initializers_min_size_in_bytes: "0" };
}

function describePublic(value: PublicSession.ValueMetadata): OrtValueInfo {
  if (!value.isTensor) return { name: value.name, isTensor: false, shape: [] };
  return { name: value.name, isTensor: true, shape: value.shape.map((dim) => (typeof dim === "number" ? dim : -1)) };
}

function wrap(published: PublicModule, value: OrtTensor): PublicTensor {
  // The constructor's overloads name each pair of type and array; the pair was formed by one table.
  const Tensor = published.Tensor as unknown as new (type: string, data: OrtData, dims: readonly number[]) => PublicTensor;
  return new Tensor(value.type, value.data, value.dims);
}
