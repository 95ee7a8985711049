/** Datatypes of the inference protocols, tensors as bytes and JSON, protobuf messages. Nothing is copied that need not be. */
export { type Datatype, elementSizeBytes, type FixedDatatype, isDatatype } from "./datatype.ts";
export type { BytesTensor, FixedTensor, Tensor } from "./tensor.ts";
