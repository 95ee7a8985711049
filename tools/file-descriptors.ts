/**
 * Writes the descriptors that the gateway's gRPC reflection answers from the gateway's `.proto` files; a test holds them equal. Run it by `npm run fix` after a
 * change of one.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EnumTypeDefinition, loadSync } from "@grpc/proto-loader";
import { type MessageType, messageType, optional, type ProtoMessage, readMessage, repeated, writeMessage } from "@modelyard/codec";
import { root } from "./repository.ts";

/** Where the descriptors are. */
export const descriptorsFile = "packages/gateway/src/grpc/reflection/file-descriptors.ts";

const protoFolder = "packages/gateway/proto";
const protoFiles: readonly string[] = ["inference.proto", "health.proto", "reflection-v1.proto", "reflection-v1alpha.proto"];

interface FieldDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly typeName?: string;
}
const fieldDescriptor: MessageType<FieldDescriptor> = messageType<FieldDescriptor>("FieldDescriptorProto", {
  name: optional(1, "string"),
  typeName: optional(6, "string"),
});

interface NamedDescriptor extends ProtoMessage {
  readonly name?: string;
}
const namedDescriptor: MessageType<NamedDescriptor> = messageType<NamedDescriptor>("EnumDescriptorProto", { name: optional(1, "string") });

interface MessageOptions extends ProtoMessage {
  readonly mapEntry?: boolean;
}
const messageOptions: MessageType<MessageOptions> = messageType<MessageOptions>("MessageOptions", { mapEntry: optional(7, "bool") });

interface MessageDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly enumType: readonly NamedDescriptor[];
  readonly options?: MessageOptions;
}
const messageDescriptor: MessageType<MessageDescriptor> = messageType<MessageDescriptor>("DescriptorProto", {
  name: optional(1, "string"),
  field: repeated(2, () => fieldDescriptor),
  nestedType: repeated(3, () => messageDescriptor),
  enumType: repeated(4, () => namedDescriptor),
  options: optional(7, () => messageOptions),
});

interface FileDescriptor extends ProtoMessage {
  readonly name?: string;
  readonly package?: string;
  readonly messageType: readonly MessageDescriptor[];
  readonly enumType: readonly NamedDescriptor[];
}
const fileDescriptor: MessageType<FileDescriptor> = messageType<FileDescriptor>("FileDescriptorProto", {
  name: optional(1, "string"),
  package: optional(2, "string"),
  messageType: repeated(4, () => messageDescriptor),
  enumType: repeated(5, () => namedDescriptor),
});

/** The text of {@link descriptorsFile}. */
export function descriptorsText(): string {
  const lines = protoFiles.map((name) => `  // ${name}\n  "${Buffer.from(descriptorOf(name)).toString("base64")}",\n`);
  return `/** \`FileDescriptorProto\` of each file in \`proto/\`, in base64. Written by \`tools/file-descriptors.ts\`. */
export const fileDescriptorTexts: readonly string[] = [
${lines.join("")}];
`;
}

/** Writes the file. */
export function writeDescriptors(): void {
  writeFileSync(join(root, descriptorsFile), descriptorsText());
}

/**
 * The loader leaves type names as they are written, relative to where they stand, and names the entries of maps in its own way; clients of
 * reflection want full names and those of protoc.
 */
function descriptorOf(name: string): Uint8Array {
  // Services have none, messages and enums do; the loader's types do not tell them apart.
  const definitions = Object.values(loadSync(join(root, protoFolder, name), { keepCase: true })) as readonly Partial<EnumTypeDefinition>[];
  const [bytes] = definitions.flatMap(({ fileDescriptorProtos = [] }) => fileDescriptorProtos);
  if (!bytes) throw new Error(`${name} declares no message`);
  const file = readMessage(fileDescriptor, bytes, { keepUnknown: true });
  const scope = `.${file.package}`;
  const known = new Set([
    ...file.messageType.flatMap((message) => typeNames(message, scope)),
    ...file.enumType.map((one) => `${scope}.${one.name}`),
  ]);
  const messages = file.messageType.map((message) => withFullNames(message, scope, known));
  return writeMessage(fileDescriptor, { ...file, name, messageType: messages });
}

function typeNames(message: MessageDescriptor, scope: string): string[] {
  const name = `${scope}.${message.name}`;
  return [name, ...message.enumType.map((one) => `${name}.${one.name}`), ...message.nestedType.flatMap((one) => typeNames(one, name))];
}

function withFullNames(message: MessageDescriptor, scope: string, known: ReadonlySet<string>): MessageDescriptor {
  const name = `${scope}.${message.name}`;
  const entries = new Map<string | undefined, string>();
  const field = message.field.map((one) => {
    if (one.typeName === undefined) return one;
    const entry = message.nestedType.find((nested) => nested.options?.mapEntry && nested.name === one.typeName);
    if (entry) entries.set(entry.name, entryName(one.name ?? ""));
    return { ...one, typeName: entry ? `${name}.${entryName(one.name ?? "")}` : fullName(one.typeName, name, known) };
  });
  const nestedType = message.nestedType.map((nested) => {
    const named = withFullNames(nested, name, known);
    return { ...named, name: entries.get(nested.name) ?? nested.name ?? "" };
  });
  return { ...message, field, nestedType };
}

/** As protoc names the entry message of a map field. */
function entryName(field: string): string {
  return `${field.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}

/** The innermost scope that has the name. */
function fullName(name: string, from: string, known: ReadonlySet<string>): string {
  if (name.startsWith(".")) return name;
  for (let scope = from; scope !== ""; scope = scope.slice(0, scope.lastIndexOf("."))) {
    if (known.has(`${scope}.${name}`)) return `${scope}.${name}`;
  }
  throw new Error(`the type "${name}" in "${from}" is declared nowhere`);
}

if (process.argv[1] === import.meta.filename) writeDescriptors();
