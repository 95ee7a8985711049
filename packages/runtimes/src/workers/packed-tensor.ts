/** Tensors in the form that crosses a thread border at the least cost: every byte in one transferable buffer per tensor. */
import type { FixedDatatype, Tensor } from "@modelyard/codec";

/** A tensor packed for `postMessage`. */
export interface PackedTensor {
  readonly name: string;
  readonly datatype: FixedDatatype | "BYTES";
  readonly shape: readonly number[];
  readonly buffer: ArrayBuffer;
  /** BYTES only: length of each element. */
  readonly lengths?: Uint32Array<ArrayBuffer>;
}

/** Copies a tensor's bytes into a buffer of its own: the caller's may be part of a socket's. */
export function packTensor(tensor: Tensor): PackedTensor {
  const { name, datatype, shape } = tensor;
  if (datatype !== "BYTES") return { name, datatype, shape, buffer: new Uint8Array(tensor.bytes).buffer };
  const lengths = Uint32Array.from(tensor.elements, (element) => element.byteLength);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const element of tensor.elements) {
    bytes.set(element, offset);
    offset += element.byteLength;
  }
  return { name, datatype, shape, buffer: bytes.buffer, lengths };
}

/** The tensor in a packed one, as views of its buffer. */
export function unpackTensor(packed: PackedTensor): Tensor {
  const { name, datatype, shape, buffer, lengths } = packed;
  if (datatype !== "BYTES") return { name, datatype, shape, bytes: new Uint8Array(buffer) };
  let offset = 0;
  const elements = Array.from(lengths ?? [], (length) => {
    offset += length;
    return new Uint8Array(buffer, offset - length, length);
  });
  return { name, datatype, shape, elements };
}

/** What to transfer instead of copying once more. */
export function transferList(tensors: readonly PackedTensor[]): readonly ArrayBuffer[] {
  return tensors.flatMap((tensor) => (tensor.lengths ? [tensor.buffer, tensor.lengths.buffer] : [tensor.buffer]));
}
