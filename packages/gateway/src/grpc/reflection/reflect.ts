/** Answers what reflection asks; what is not there is an error in the answer, and the stream goes on. Source: gRPC server reflection protocol. */
import { readMessage, writeMessage } from "@modelyard/codec";
import { failure, grpcStatusOf, type PlatformError } from "@modelyard/core";
import { type ReflectionRequest, type ReflectionResponse, reflectionRequest, reflectionResponse } from "./reflection-messages.ts";
import type { SymbolIndex } from "./symbol-index.ts";

type Answer = Omit<ReflectionResponse, "validHost" | "originalRequest">;

/** The answer to one request. */
export function reflect(index: SymbolIndex, message: Uint8Array): Uint8Array {
  const request = readMessage(reflectionRequest, message);
  return writeMessage(reflectionResponse, { validHost: request.host, originalRequest: message, ...answerOf(index, request) });
}

function answerOf(index: SymbolIndex, request: ReflectionRequest): Answer {
  const { fileByFilename, fileContainingSymbol, fileContainingExtension, allExtensionNumbersOfType, listServices } = request;
  if (listServices !== undefined) return { listServicesResponse: { service: index.services.map((name) => ({ name })) } };
  if (fileByFilename !== undefined) return fileAnswer(index.files.get(fileByFilename), `The file "${shown(fileByFilename)}"`);
  if (fileContainingSymbol !== undefined) {
    return fileAnswer(index.bySymbol.get(fileContainingSymbol), `The symbol "${shown(fileContainingSymbol)}"`);
  }
  if (allExtensionNumbersOfType !== undefined) return extensionNumbers(index, allExtensionNumbersOfType);
  if (fileContainingExtension) {
    const { containingType, extensionNumber } = fileContainingExtension;
    return errorAnswer(failure("NOT_FOUND", { what: `The extension ${extensionNumber} of "${shown(containingType)}"` }));
  }
  return errorAnswer(failure("INVALID_ARGUMENT", { what: "The reflection request asks for nothing that is known here" }));
}

function fileAnswer(file: Uint8Array | undefined, what: string): Answer {
  return file ? { fileDescriptorResponse: { fileDescriptorProto: [file] } } : errorAnswer(failure("NOT_FOUND", { what }));
}

/** Messages of proto3 have no extensions. */
function extensionNumbers({ messages }: SymbolIndex, type: string): Answer {
  if (messages.has(type)) return { allExtensionNumbersResponse: { baseTypeName: type, extensionNumber: [] } };
  return errorAnswer(failure("NOT_FOUND", { what: `The message "${shown(type)}"` }));
}

function errorAnswer({ code, message }: PlatformError): Answer {
  return { errorResponse: { errorCode: grpcStatusOf(code), errorMessage: message } };
}

const longestShown = 200;

function shown(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
