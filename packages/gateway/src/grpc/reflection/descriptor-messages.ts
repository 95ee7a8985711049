/** What reflection reads of file descriptors, as field tables; the rest of their fields is kept as it is. Source of the numbers: google/protobuf/descriptor.proto. */
import { type MessageType, messageType, optional, type ProtoMessage, repeated } from "@modelyard/codec";

/** `FieldDescriptorProto`, `EnumDescriptorProto`, `EnumValueDescriptorProto` and `MethodDescriptorProto`, as far as all have the same. */
export interface NamedDescriptor extends ProtoMessage {
  readonly name?: string;
}
const namedDescriptor: MessageType<NamedDescriptor> = messageType<NamedDescriptor>("NamedDescriptor", { name: optional(1, "string") });

export interface FieldDescriptor extends ProtoMessage {
  readonly name?: string;
  /** Of a message or enum: its full name behind a dot. */
  readonly typeName?: string;
}
const fieldDescriptor: MessageType<FieldDescriptor> = messageType<FieldDescriptor>("FieldDescriptorProto", {
  name: optional(1, "string"),
  typeName: optional(6, "string"),
});

export interface MessageDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly enumType: readonly NamedDescriptor[];
}
const messageDescriptor: MessageType<MessageDescriptor> = messageType<MessageDescriptor>("DescriptorProto", {
  name: optional(1, "string"),
  field: repeated(2, () => fieldDescriptor),
  nestedType: repeated(3, () => messageDescriptor),
  enumType: repeated(4, () => namedDescriptor),
});

export interface ServiceDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly method: readonly NamedDescriptor[];
}
const serviceDescriptor: MessageType<ServiceDescriptor> = messageType<ServiceDescriptor>("ServiceDescriptorProto", {
  name: optional(1, "string"),
  method: repeated(2, () => namedDescriptor),
});

export interface FileDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly package?: string;
  readonly messageType: readonly MessageDescriptor[];
  readonly enumType: readonly NamedDescriptor[];
  readonly service: readonly ServiceDescriptor[];
}
export const fileDescriptor: MessageType<FileDescriptor> = messageType<FileDescriptor>("FileDescriptorProto", {
  name: optional(1, "string"),
  package: optional(2, "string"),
  messageType: repeated(4, () => messageDescriptor),
  enumType: repeated(5, () => namedDescriptor),
  service: repeated(6, () => serviceDescriptor),
});
