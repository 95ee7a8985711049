/** Tensors whose bytes lie in other files: where, and whether a loader may follow. */
import type { OnnxModel, OnnxTensor } from "./model.ts";
import { tensorsOf } from "./walk/tensors-of.ts";

/** `TensorProto.DataLocation.EXTERNAL`. */
const external = 1;

/** Where the bytes of a tensor lie. */
export interface ExternalData {
  /** As the model gives it: meant relative to the model's folder, but not yet checked ({@link isInsideTree}). */
  readonly location: string;
  readonly offset: bigint;
  /** `undefined`: to the end of what the shape needs. */
  readonly length: bigint | undefined;
}

/** Whether a tensor's bytes lie in another file. */
export function isExternal(tensor: OnnxTensor): boolean {
  return tensor.dataLocation === external;
}

/** Reads a tensor's reference; `undefined` when a number in it is none. */
export function externalDataOf(tensor: OnnxTensor): ExternalData | undefined {
  const entry = (key: string): string | undefined => tensor.externalData.find((one) => one.key === key)?.value;
  const offset = wholeNumber(entry("offset") ?? "0");
  const lengthText = entry("length");
  const length = lengthText === undefined ? undefined : wholeNumber(lengthText);
  if (offset === undefined || (lengthText !== undefined && length === undefined)) return undefined;
  return { location: entry("location") ?? "", offset, length };
}

/** Files a model refers to, each once, in the order of their first use; as the model gives them, unchecked. */
export function externalLocations(model: OnnxModel): readonly string[] {
  const locations = new Set<string>();
  for (const { tensor } of tensorsOf(model)) {
    if (isExternal(tensor)) locations.add(externalDataOf(tensor)?.location ?? "");
  }
  return [...locations];
}

/**
 * Whether a location names a file below the model's own folder by its text alone (links are for whoever opens it). The runtime's own marker
 * for "an address in this process" holds an asterisk, which is refused too: a file must never choose an address.
 */
export function isInsideTree(location: string): boolean {
  if (location === "" || /[\\*\p{Cc}]/u.test(location)) return false;
  if (location.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(location)) return false;
  return location.split("/").every((segment) => segment !== ".." && segment !== "");
}

function wholeNumber(text: string): bigint | undefined {
  return /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
