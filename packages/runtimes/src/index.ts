/** Runtimes: load a model and infer. */
export type {
  CrashReport,
  InferRequest,
  InferResult,
  LoadedModel,
  LoadOptions,
  LoadRequest,
  LoadStage,
  ModelRuntime,
  ModelSignature,
  RuntimeStatus,
  TensorSignature,
} from "./contract.ts";
