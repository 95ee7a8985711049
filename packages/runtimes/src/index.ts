/**
 * Runtimes: load a model and infer. ONNX Runtime in this process, with everything that makes it safe to serve files from outside:
 * models are prepared in a child process first, and a crash or hang afterwards is told to the next process.
 */
export type {
  CrashReport,
  CrashVerdict,
  InferRequest,
  InferResult,
  InferSink,
  LoadedModel,
  LoadOptions,
  LoadRequest,
  LoadStage,
  ModelRuntime,
  ModelSignature,
  RuntimeStatus,
  SharedRun,
  TensorSignature,
} from "./contract.ts";
export { type ProcessEnd, readPostMortem } from "./journal/post-mortem.ts";
export { createRunJournal, type RunJournal, type RunJournalOptions } from "./journal/run-journal.ts";
export { StuckProcess, type StuckProcessOptions } from "./journal/stuck-process.ts";
export type { RunMark, ThreadJournal, ThreadJournalShare } from "./journal/thread-journal.ts";
export { startWatchdog, type Watchdog, type WatchdogOptions } from "./journal/watchdog.ts";
export { onnxRuntime } from "./onnx/onnx-runtime.ts";
export type { OnnxRuntimeLimits, OnnxRuntimeOptions } from "./onnx/runtime-options.ts";
