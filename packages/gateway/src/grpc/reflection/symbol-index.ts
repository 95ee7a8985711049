/** Which file declares a name: what reflection is asked for. */
import { readMessage } from "@modelyard/codec";
import { type FileDescriptor, fileDescriptor, type MessageDescriptor } from "./descriptor-messages.ts";
import { fileDescriptorTexts } from "./file-descriptors.ts";

/** Names of services, messages, enums, their members, and of files. No file imports another. */
export interface SymbolIndex {
  /** Full names, sorted. */
  readonly services: readonly string[];
  /** Full names of messages. */
  readonly messages: ReadonlySet<string>;
  /** `FileDescriptorProto` by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** `FileDescriptorProto` by the full name of what is declared there. */
  readonly bySymbol: ReadonlyMap<string, Uint8Array>;
}

/** Reads the descriptors of everything the server speaks. */
export function readSymbolIndex(): SymbolIndex {
  const services: string[] = [];
  const messages = new Set<string>();
  const files = new Map<string, Uint8Array>();
  const bySymbol = new Map<string, Uint8Array>();
  for (const text of fileDescriptorTexts) {
    const bytes = Buffer.from(text, "base64");
    const file = readMessage(fileDescriptor, bytes);
    files.set(file.name ?? "", bytes);
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, bytes);
    for (const name of file.messageType.flatMap((one) => messageNames(one, file.package ?? ""))) messages.add(name);
    services.push(...file.service.map(({ name }) => `${file.package}.${name}`));
  }
  return { services: services.toSorted(), messages, files, bySymbol };
}

function symbolsOf(file: FileDescriptor): string[] {
  const scope = file.package ?? "";
  return [
    ...file.messageType.flatMap((message) => membersOf(message, scope)),
    ...file.enumType.map(({ name }) => `${scope}.${name}`),
    ...file.service.flatMap(({ name, method }) => [`${scope}.${name}`, ...method.map((one) => `${scope}.${name}.${one.name}`)]),
  ];
}

function membersOf(message: MessageDescriptor, scope: string): string[] {
  const name = `${scope}.${message.name}`;
  const own = [...message.field, ...message.enumType].map((member) => `${name}.${member.name}`);
  return [name, ...own, ...message.nestedType.flatMap((nested) => membersOf(nested, name))];
}

function messageNames(message: MessageDescriptor, scope: string): string[] {
  const name = `${scope}.${message.name}`;
  return [name, ...message.nestedType.flatMap((nested) => messageNames(nested, name))];
}
