/** Datatypes of the inference protocols, tensors as bytes and JSON, protobuf messages. Nothing is copied that need not be. */
export { type Datatype, elementSizeBytes, type FixedDatatype, isDatatype } from "./datatype.ts";
export {
  type CompiledField,
  type Field,
  type FieldsOf,
  implicit,
  type MessageType,
  messageType,
  optional,
  type Presence,
  type ProtoMessage,
  packed,
  repeated,
} from "./protobuf/message-type.ts";
export { maxMessageDepth, ProtoReader, wireDelimited, wireFixed32, wireFixed64, wireVarint } from "./protobuf/proto-reader.ts";
export {
  ProtoWriter,
  sizeOfDelimited,
  sizeOfInt32,
  sizeOfInt64,
  sizeOfSafeInt64,
  sizeOfUint32,
} from "./protobuf/proto-writer.ts";
export { type ReadMessageOptions, readMessage } from "./protobuf/read-message.ts";
export type { ScalarCodec, ScalarType, ScalarValues } from "./protobuf/scalar.ts";
export { type WriteMessageOptions, writeMessage } from "./protobuf/write-message.ts";
export type { BytesTensor, FixedTensor, Tensor } from "./tensor.ts";
