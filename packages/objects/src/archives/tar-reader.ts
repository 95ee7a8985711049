/**
 * Members of a tar (POSIX.1-2001 pax, ustar and GNU forms), in their order. What other readers let pass is refused: extension headers that rename or
 * resize more than once or for every member, lengths in two places that differ, bytes after the end.
 */
import type { ArchiveContext, ArchiveMember } from "./archive-context.ts";
import { damaged, memberRefused, quoted } from "./archive-refusal.ts";
import { ByteReader } from "./byte-reader.ts";
import { decodeName } from "./member-name.ts";
import { parsePaxRecords } from "./pax-records.ts";
import { parseTarHeader, type TarHeader, tarBlockBytes } from "./tar-header.ts";

const maxPaxBytes = 1 << 20;
/** Lengths from here on do not fit a ustar header: only then may a pax record replace it. */
const ustarSizeLimit = 8 ** 11;

const refusedTypes: Readonly<Record<string, string>> = {
  "3": "is a character device",
  "4": "is a block device",
  "6": "is a fifo",
  "7": "is a contiguous file",
  D: "is a directory dump",
  M: "is a part of a multi-volume archive",
  N: "is a list of long names",
  S: "is a sparse file",
  V: "is a volume label",
};

/** What extension headers said of the next member. */
interface Extension {
  pax?: ReadonlyMap<string, Buffer>;
  longName?: Buffer;
  longLink?: Buffer;
}

/** The members of tar bytes. */
export async function* readTar(context: ArchiveContext, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveMember> {
  let latest = "";
  const reader = new ByteReader(bytes, (count) => context.meter.count(count, latest));
  let extension: Extension = {};
  for (;;) {
    context.signal?.throwIfAborted();
    const block = await reader.read(tarBlockBytes);
    if (block.byteLength < tarBlockBytes) throw damaged(context, `it ends before its end mark${after(latest)}`);
    if (isZero(block)) break;
    const header = parseTarHeader(context, block);
    if (await takeExtension(context, { reader, header, extension })) continue;
    const member = memberOf(context, header, extension);
    extension = {};
    latest = member.name;
    if (member.kind !== "file") {
      yield member.member;
      continue;
    }
    const missing = { bytes: member.sizeBytes };
    yield { kind: "file", name: member.name, content: contentOf(reader, missing) };
    if (missing.bytes > 0) throw damaged(context, `it ends inside ${quoted(latest)}`);
    await skipPadding(context, { reader, sizeBytes: member.sizeBytes, name: latest });
  }
  if (Object.keys(extension).length > 0) throw damaged(context, `an extension header has no member${after(latest)}`);
  await checkEnd(context, reader);
}

async function* contentOf(reader: ByteReader, missing: { bytes: number }): AsyncGenerator<Uint8Array> {
  missing.bytes = yield* reader.stream(missing.bytes);
}

async function skipPadding(
  context: ArchiveContext,
  of: { readonly reader: ByteReader; readonly sizeBytes: number; readonly name: string },
): Promise<void> {
  const padding = (tarBlockBytes - (of.sizeBytes % tarBlockBytes)) % tarBlockBytes;
  if ((await of.reader.read(padding)).byteLength < padding) throw damaged(context, `it ends inside ${quoted(of.name)}`);
}

/** The end: two blocks of zeros, and nothing but zeros after them (writers fill up a record). */
async function checkEnd(context: ArchiveContext, reader: ByteReader): Promise<void> {
  const second = await reader.read(tarBlockBytes);
  if (second.byteLength < tarBlockBytes) throw damaged(context, "its end mark is cut off");
  if (!isZero(second)) throw damaged(context, "bytes follow its end mark");
  for await (const chunk of reader.stream(Number.MAX_SAFE_INTEGER)) {
    if (!isZero(chunk)) throw damaged(context, "bytes follow its end mark");
  }
}

interface Taking {
  readonly reader: ByteReader;
  readonly header: TarHeader;
  readonly extension: Extension;
}

/** Whether the header is about another one; then it is noted in `extension`. */
async function takeExtension(context: ArchiveContext, taking: Taking): Promise<boolean> {
  const { header, extension } = taking;
  const name = header.name.toString("latin1");
  switch (header.type) {
    case "g":
      checkGlobal(context, await readRecords(context, taking), name);
      return true;
    case "x":
      if (extension.pax) throw memberRefused(context, name, "is a second extension header for one member");
      extension.pax = await readRecords(context, taking);
      return true;
    case "L":
      if (extension.longName) throw memberRefused(context, name, "is a second long name for one member");
      extension.longName = await readLong(context, taking);
      return true;
    case "K":
      if (extension.longLink) throw memberRefused(context, name, "is a second long link for one member");
      extension.longLink = await readLong(context, taking);
      return true;
    default:
      return false;
  }
}

/** `git archive` writes its commit as a global comment: harmless. What names or sizes every following member is not. */
function checkGlobal(context: ArchiveContext, records: ReadonlyMap<string, Buffer>, name: string): void {
  for (const key of records.keys())
    if (key === "path" || key === "linkpath" || key === "size" || key.startsWith("GNU."))
      throw memberRefused(context, name, `sets ${quoted(key)} for every following member`);
}

async function readRecords(context: ArchiveContext, taking: Taking): Promise<ReadonlyMap<string, Buffer>> {
  const name = taking.header.name.toString("latin1");
  const records = parsePaxRecords(await readBody(context, taking, maxPaxBytes));
  if (!records) throw damaged(context, `the extension header ${quoted(name)} is not well formed`);
  return records;
}

async function readLong(context: ArchiveContext, taking: Taking): Promise<Buffer> {
  const body = await readBody(context, taking, context.limits.maxNameBytes + tarBlockBytes);
  const end = body.indexOf(0);
  if (end >= 0 && !isZero(body.subarray(end))) throw memberRefused(context, body.toString("latin1"), "has a long name with a NUL in it");
  return end < 0 ? body : body.subarray(0, end);
}

async function readBody(context: ArchiveContext, taking: Taking, maxBytes: number): Promise<Buffer> {
  const { reader, header } = taking;
  const name = header.name.toString("latin1");
  if (header.sizeBytes > maxBytes)
    throw memberRefused(context, name, `is an extension header of ${header.sizeBytes} bytes where at most ${maxBytes} are taken`);
  const body = await reader.read(header.sizeBytes);
  if (body.byteLength < header.sizeBytes) throw damaged(context, `it ends inside ${quoted(name)}`);
  await skipPadding(context, { reader, sizeBytes: header.sizeBytes, name });
  return body;
}

type Described =
  | { readonly kind: "file"; readonly name: string; readonly sizeBytes: number }
  | { readonly kind: "other"; readonly name: string; readonly member: ArchiveMember };

function memberOf(context: ArchiveContext, header: TarHeader, extension: Extension): Described {
  const { pax, longName, longLink } = extension;
  const name = decodeName(context, oneOf(context, { header, pax: pax?.get("path"), long: longName, plain: header.name }));
  for (const key of pax?.keys() ?? []) if (key.startsWith("GNU.")) throw memberRefused(context, name, "is a sparse file");
  const sizeBytes = sizeOf(context, { name, header, pax });
  const why = refusedTypes[header.type];
  if (why !== undefined) throw memberRefused(context, name, why);
  if (header.type === "0" && !name.endsWith("/")) return { kind: "file", name, sizeBytes };
  if (sizeBytes > 0) throw memberRefused(context, name, `has ${sizeBytes} bytes of content where its kind has none`);
  if (header.type === "0" || header.type === "5") return { kind: "other", name, member: { kind: "folder", name } };
  if (header.type !== "1" && header.type !== "2") throw memberRefused(context, name, `is of the unknown kind ${quoted(header.type)}`);
  const target = decodeName(context, oneOf(context, { header, pax: pax?.get("linkpath"), long: longLink, plain: header.linkName }));
  return { kind: "other", name, member: { kind: header.type === "1" ? "hardlink" : "symlink", name, target } };
}

interface Spellings {
  readonly header: TarHeader;
  readonly pax: Buffer | undefined;
  readonly long: Buffer | undefined;
  readonly plain: Buffer;
}

function oneOf(context: ArchiveContext, { header, pax, long, plain }: Spellings): Buffer {
  if (pax && long) throw memberRefused(context, header.name.toString("latin1"), "has a pax name and a GNU long name");
  return pax ?? long ?? plain;
}

interface Sized {
  readonly name: string;
  readonly header: TarHeader;
  readonly pax: ReadonlyMap<string, Buffer> | undefined;
}

function sizeOf(context: ArchiveContext, { name, header, pax }: Sized): number {
  const text = pax?.get("size")?.toString("latin1");
  if (text === undefined) return header.sizeBytes;
  const size = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (size === undefined) throw damaged(context, `the extension header of ${quoted(name)} declares a length that is no number`);
  if (size === header.sizeBytes || size >= ustarSizeLimit) return size;
  throw damaged(context, `${quoted(name)} is declared with ${header.sizeBytes} and with ${size} bytes`);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function after(name: string): string {
  return name === "" ? "" : ` after ${quoted(name)}`;
}
