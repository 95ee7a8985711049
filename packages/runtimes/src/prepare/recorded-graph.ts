/**
 * A small prepared copy is one file, which a load opens, reads and checks at once: its record is behind the graph, as an entry of the model's metadata, so
 * that the file is an ONNX model for who opens it by its path. The value of the entry, and so the file, ends in the number of bytes of the record before
 * that number.
 */
import { scratchBytes } from "./checksum-of.ts";

/** Name of a copy's graph. */
export const graphName = "model.onnx";

/** Digits of the number at the end. */
export const lengthDigits = 8;

/** A file of so many bytes is not read as one with a record: what a load reads into must have room to spare, as a sign of the end. */
export const recordedBelowBytes: number = scratchBytes;

/** The record of a file; undefined when there is none. */
export function recordIn(file: Buffer): string | undefined {
  const end = file.length - lengthDigits;
  if (end < 0) return undefined;
  const start = end - Number(file.toString("latin1", end));
  return start >= 0 ? file.toString("utf8", start, end) : undefined;
}
