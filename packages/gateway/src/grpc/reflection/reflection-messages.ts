/** Messages of the reflection service as field tables; both of its versions have the same. Numbers are those of `proto/reflection-v1.proto`. */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, packed, repeated } from "@modelyard/codec";

export interface ExtensionRequest extends ProtoMessage {
  readonly containingType: string;
  readonly extensionNumber: number;
}
const extensionRequest: MessageType<ExtensionRequest> = messageType<ExtensionRequest>("ExtensionRequest", {
  containingType: implicit(1, "string"),
  extensionNumber: implicit(2, "int32"),
});

/** One of all but `host` is set. */
export interface ReflectionRequest extends ProtoMessage {
  readonly host: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: ExtensionRequest;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}
export const reflectionRequest: MessageType<ReflectionRequest> = messageType<ReflectionRequest>("ServerReflectionRequest", {
  host: implicit(1, "string"),
  fileByFilename: optional(3, "string"),
  fileContainingSymbol: optional(4, "string"),
  fileContainingExtension: optional(5, () => extensionRequest),
  allExtensionNumbersOfType: optional(6, "string"),
  listServices: optional(7, "string"),
});

export interface FileDescriptorResponse extends ProtoMessage {
  readonly fileDescriptorProto: readonly Uint8Array[];
}
const fileDescriptorResponse: MessageType<FileDescriptorResponse> = messageType<FileDescriptorResponse>("FileDescriptorResponse", {
  fileDescriptorProto: repeated(1, "bytes"),
});

export interface ExtensionNumberResponse extends ProtoMessage {
  readonly baseTypeName: string;
  readonly extensionNumber: readonly number[];
}
const extensionNumberResponse: MessageType<ExtensionNumberResponse> = messageType<ExtensionNumberResponse>("ExtensionNumberResponse", {
  baseTypeName: implicit(1, "string"),
  extensionNumber: packed(2, "int32"),
});

export interface ServiceResponse extends ProtoMessage {
  readonly name: string;
}
const serviceResponse: MessageType<ServiceResponse> = messageType<ServiceResponse>("ServiceResponse", { name: implicit(1, "string") });

export interface ListServiceResponse extends ProtoMessage {
  readonly service: readonly ServiceResponse[];
}
const listServiceResponse: MessageType<ListServiceResponse> = messageType<ListServiceResponse>("ListServiceResponse", {
  service: repeated(1, () => serviceResponse),
});

export interface ErrorResponse extends ProtoMessage {
  /** A gRPC status. */
  readonly errorCode: number;
  readonly errorMessage: string;
}
const errorResponse: MessageType<ErrorResponse> = messageType<ErrorResponse>("ErrorResponse", {
  errorCode: implicit(1, "int32"),
  errorMessage: implicit(2, "string"),
});

/** One of the answers is set. */
export interface ReflectionResponse extends ProtoMessage {
  readonly validHost: string;
  /** The request as it came. */
  readonly originalRequest?: Uint8Array;
  readonly fileDescriptorResponse?: FileDescriptorResponse;
  readonly allExtensionNumbersResponse?: ExtensionNumberResponse;
  readonly listServicesResponse?: ListServiceResponse;
  readonly errorResponse?: ErrorResponse;
}
export const reflectionResponse: MessageType<ReflectionResponse> = messageType<ReflectionResponse>("ServerReflectionResponse", {
  validHost: implicit(1, "string"),
  originalRequest: optional(2, "bytes"),
  fileDescriptorResponse: optional(4, () => fileDescriptorResponse),
  allExtensionNumbersResponse: optional(5, () => extensionNumberResponse),
  listServicesResponse: optional(6, () => listServiceResponse),
  errorResponse: optional(7, () => errorResponse),
});
