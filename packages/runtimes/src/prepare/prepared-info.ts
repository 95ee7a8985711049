/** What is recorded with a prepared copy: behind the graph of a small one, beside that of a large one. Written by the prepare child, read by every later load; anything that does not parse means "prepare again". */
import { isDatatype } from "@modelyard/codec";
import type { BoundTensor } from "../onnx/tensor-border.ts";

/** Version of what prepare does and writes; part of the cache key. Raise it when either changes. */
export const prepareFormat = 7;

/** Name of the record beside a large copy. */
export const infoName = "info.json";

/** An input or output of a prepared model. */
export interface PreparedSignature extends BoundTensor {
  /** -1 = any size. */
  readonly shape: readonly number[];
}

/** A file of a prepared copy. */
export interface PreparedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** CRC-32 (ISO-HDLC): finds torn and rotten copies; the folder is our own, so nothing stronger is needed. */
  readonly crc32: number;
}

/** Whether requests can be run together, and what it brings. */
export type PreparedRows =
  | {
      readonly kind: "independent";
      /** Rows of the runs that were timed. */
      readonly rows: number;
      /** Median of those runs. */
      readonly micros: number;
    }
  | { readonly kind: "together"; readonly why: string };

/** The record. */
export interface PreparedInfo {
  readonly format: number;
  /** The first is the graph; a second holds its weights where they are too large for one file. */
  readonly files: readonly PreparedFile[];
  readonly inputs: readonly PreparedSignature[];
  readonly outputs: readonly PreparedSignature[];
  /** What was changed in the graph, one sentence each. */
  readonly edits: readonly string[];
  readonly warnings: readonly string[];
  /** Median of several runs; `undefined` when the model refused the generated inputs. */
  readonly runMicros: number | undefined;
  /** Shortest of a few loads. */
  readonly loadMicros: number;
  /** Change of resident memory over its load in the prepare child. */
  readonly memoryBytes: number;
  /** Threads of one run, chosen by measured gain. */
  readonly threads: number;
  readonly nodes: number;
  readonly rows: PreparedRows;
}

/** Reads a record; `undefined` when it is not one of this format. */
export function parsePreparedInfo(text: string): PreparedInfo | undefined {
  try {
    const value = JSON.parse(text) as Partial<PreparedInfo> | null;
    return value && isPreparedInfo(value) ? value : undefined;
  } catch {
    // A torn file: the copy is made again.
    return undefined;
  }
}

function isPreparedInfo(value: Partial<PreparedInfo>): value is PreparedInfo {
  const { runMicros } = value;
  return (
    value.format === prepareFormat &&
    isListOf(value.files, isPreparedFile) &&
    value.files.length > 0 &&
    isListOf(value.inputs, isSignature) &&
    isListOf(value.outputs, isSignature) &&
    isListOf(value.edits, isText) &&
    isListOf(value.warnings, isText) &&
    (runMicros === undefined || isAmount(runMicros)) &&
    [value.loadMicros, value.memoryBytes, value.threads, value.nodes].every(isAmount) &&
    isRows(value.rows)
  );
}

function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isOne);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function isPreparedFile(value: unknown): value is PreparedFile {
  const { name, sizeBytes, crc32 } = (value ?? {}) as Partial<PreparedFile>;
  return isText(name) && !name.includes("/") && isAmount(sizeBytes) && isAmount(crc32);
}

function isSignature(value: unknown): value is PreparedSignature {
  const { name, datatype, boundDatatype, shape } = (value ?? {}) as Partial<PreparedSignature>;
  return (
    isText(name) &&
    isDatatype(datatype) &&
    isDatatype(boundDatatype) &&
    Array.isArray(shape) &&
    shape.every((dim) => typeof dim === "number")
  );
}

function isRows(value: PreparedRows | undefined): value is PreparedRows {
  if (value?.kind === "independent") return isAmount(value.rows) && isAmount(value.micros);
  return value?.kind === "together" && isText(value.why);
}
