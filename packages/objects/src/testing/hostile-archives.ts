/** Archives that must be refused, each for one reason and by name: data for the test of this package and for the acceptance of the whole. */
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { ArchiveLimits } from "../archives/archive-limits.ts";
import { paxPart, type TarPart, tarOf, tarParts } from "./tar-bytes.ts";
import { type ZipPart, type ZipShape, zip64End, zipOf } from "./zip-bytes.ts";

/** One archive. */
export interface HostileArchive {
  readonly id: string;
  readonly build: () => Buffer;
  /** Reason it must be refused with. */
  readonly reason: "ARCHIVE_NAME_REFUSED" | "ARCHIVE_MEMBER_REFUSED" | "ARCHIVE_LIMIT_EXCEEDED" | "ARCHIVE_DAMAGED";
  /** What the message must say: what is wrong and, where a member is to blame, its name. */
  readonly says: readonly string[];
  /** Limits that are smaller than the defaults, so that the archive can be small. */
  readonly limits?: Partial<ArchiveLimits>;
}

/** Limits under which bombs of a few MiB show. */
const tight: Partial<ArchiveLimits> = { ratioFloorBytes: 1 << 20, maxTotalBytes: 16 << 20 };

type Refusal = Pick<HostileArchive, "reason" | "says" | "limits">;

const badName = (...says: readonly string[]): Refusal => ({ reason: "ARCHIVE_NAME_REFUSED", says });
const badMember = (...says: readonly string[]): Refusal => ({ reason: "ARCHIVE_MEMBER_REFUSED", says });
const broken = (...says: readonly string[]): Refusal => ({ reason: "ARCHIVE_DAMAGED", says });
const tooMuch = (limits: Partial<ArchiveLimits>, ...says: readonly string[]): Refusal => ({
  reason: "ARCHIVE_LIMIT_EXCEEDED",
  says,
  limits,
});

const tar = (id: string, parts: readonly TarPart[], refusal: Refusal): HostileArchive => ({ id, build: () => tarOf(...parts), ...refusal });
const zip = (id: string, parts: readonly ZipPart[], refusal: Refusal & { readonly shape?: ZipShape }): HostileArchive => {
  const { shape, ...rest } = refusal;
  return { id, build: () => zipOf(parts, shape), ...rest };
};
const bytes = (id: string, build: () => Buffer, refusal: Refusal): HostileArchive => ({ id, build, ...refusal });

/** Names that are refused in every kind of archive. */
const names: readonly (readonly [string, string | Buffer, string])[] = [
  ["parent", "../evil", '".."'],
  ["inner-parent", "a/../../evil", '".."'],
  ["final-parent", "a/..", '".."'],
  ["absolute", "/etc/evil", "absolute"],
  ["double-slash-root", "//server/evil", "absolute"],
  ["backslash", "..\\evil", "backslash"],
  ["drive", "C:evil", "drive letter"],
  ["inner-dot", "a/./evil", '"."'],
  ["inner-empty", "a//evil", "empty part"],
  ["control", "evil\u001b[2J", "control character"],
  ["newline", "evil\nname", "control character"],
  ["not-utf8", Buffer.from([0x65, 0x76, 0x69, 0x6c, 0xff]), "UTF-8"],
  ["overlong-utf8", Buffer.from([0x65, 0x76, 0x69, 0x6c, 0xc0, 0xaf]), "UTF-8"],
  ["deep", `${"d/".repeat(40)}evil`, "deep"],
];

/** Pairs that some file system takes for one. */
const pairs: readonly (readonly [string, string, string])[] = [
  ["case", "Model.onnx", "model.onnx"],
  ["normal-form", "caf\u00e9", "cafe\u0301"],
  ["folder-case", "A/one", "a/two"],
  ["sharp-s", "stra\u00dfe", "STRASSE"],
];

const named = names.flatMap(([id, name, why]) => [
  tar(`tar-name-${id}`, [{ name }], badName(why)),
  zip(`zip-name-${id}`, [{ name }], badName(why)),
]);

const collisions = pairs.flatMap(([id, first, second]) => [
  tar(`tar-collision-${id}`, [{ name: first }, { name: second }], badName("collides")),
  zip(`zip-collision-${id}`, [{ name: first }, { name: second }], badName("collides")),
]);

const places: readonly HostileArchive[] = [
  tar("tar-duplicate", [{ name: "evil" }, { name: "evil" }], badMember('"evil"', "twice")),
  zip("zip-duplicate", [{ name: "evil" }, { name: "evil" }], badMember('"evil"', "twice")),
  tar("tar-file-and-folder", [{ name: "evil" }, { name: "evil/a" }], badMember('"evil"', "file and a folder")),
  zip("zip-folder-and-file", [{ name: "evil/a" }, { name: "evil" }], badMember('"evil"', "file and a folder")),
  tar(
    "tar-link-then-below",
    [{ name: "evil", type: "2", link: "/etc" }, { name: "evil/passwd" }],
    badMember('"evil"', "file and a folder"),
  ),
  tar("tar-no-file", [{ name: "folder/", type: "5" }], badMember("no file")),
  zip("zip-no-file", [], badMember("no file")),
  tar("tar-name-empty", [{ name: "a" }, { name: "" }], badName("empty")),
  tar("tar-long-segment", [{ name: "x", type: "L", content: "e".repeat(300) }, { name: "x" }], badName("255 bytes")),
  zip("zip-name-long", [{ name: "evil/".repeat(300) + "x" }], badName("1024")),
];

const kinds: readonly HostileArchive[] = [
  tar("tar-symlink-absolute", [{ name: "a" }, { name: "evil", type: "2", link: "/etc/passwd" }], badMember('"evil"', "/etc/passwd")),
  tar("tar-symlink-out", [{ name: "a" }, { name: "b/evil", type: "2", link: "../../secret" }], badMember('"b/evil"', "../../secret")),
  tar("tar-symlink-loop", [{ name: "evil", type: "2", link: "evil" }], badMember('"evil"', "no file")),
  tar("tar-symlink-folder", [{ name: "d/a" }, { name: "evil", type: "2", link: "d" }], badMember('"evil"', "no file")),
  tar("tar-hardlink-out", [{ name: "a" }, { name: "evil", type: "1", link: "../secret" }], badName("../secret")),
  tar("tar-hardlink-absent", [{ name: "a" }, { name: "evil", type: "1", link: "later" }, { name: "later" }], badMember('"evil"', "later")),
  zip("zip-symlink-out", [{ name: "a" }, { name: "evil", mode: 0o120777, content: "../../secret" }], badMember('"evil"', "../../secret")),
  tar("tar-character-device", [{ name: "evil", type: "3" }], badMember('"evil"', "character device")),
  tar("tar-block-device", [{ name: "evil", type: "4" }], badMember('"evil"', "block device")),
  tar("tar-fifo", [{ name: "evil", type: "6" }], badMember('"evil"', "fifo")),
  tar("tar-sparse", [{ name: "evil", type: "S" }], badMember('"evil"', "sparse")),
  tar("tar-unknown-kind", [{ name: "evil", type: "Z" }], badMember('"evil"', "unknown kind")),
  tar("tar-multi-volume", [{ name: "evil", type: "M" }], badMember('"evil"', "multi-volume")),
  tar("tar-folder-with-content", [{ name: "evil/", type: "5", content: "hidden" }], badMember('"evil/"', "content")),
  zip("zip-socket", [{ name: "evil", mode: 0o140755 }], badMember('"evil"', "socket")),
  zip("zip-device", [{ name: "evil", mode: 0o060755 }], badMember('"evil"', "block device")),
  zip("zip-folder-with-content", [{ name: "evil/", mode: 0o040755, content: "hidden" }], badMember('"evil/"', "content")),
  zip("zip-encrypted", [{ name: "evil", flags: 1 }], badMember('"evil"', "encrypted")),
  zip("zip-aes", [{ name: "evil", method: 99 }], badMember('"evil"', "encrypted")),
  zip("zip-method", [{ name: "evil", method: 12 }], badMember('"evil"', "method 12")),
];

const long = (content: string): TarPart => ({ name: "././@LongLink", type: "L", content: `${content}\0` });

const extensions: readonly HostileArchive[] = [
  tar("pax-path", [paxPart({ path: "../evil" }), { name: "good" }], badName('"../evil"')),
  tar("pax-twice", [paxPart({ path: "a" }), paxPart({ path: "b" }), { name: "c" }], badMember("second extension header")),
  tar("pax-global-path", [paxPart({ path: "evil" }, "g"), { name: "a" }], badMember('"path"', "every following member")),
  tar("pax-global-size", [paxPart({ size: "1" }, "g"), { name: "a", content: "abc" }], badMember('"size"')),
  tar("pax-size-lie", [paxPart({ size: "1" }), { name: "evil", content: "x".repeat(600) }], broken('"evil"', "600")),
  tar("pax-size-no-number", [paxPart({ size: "-1" }), { name: "evil" }], broken('"evil"', "no number")),
  tar("pax-sparse", [paxPart({ "GNU.sparse.major": "1" }), { name: "evil" }], badMember('"evil"', "sparse")),
  tar("pax-not-formed", [{ name: "pax", type: "x", content: "9999 path=evil\n" }, { name: "a" }], broken('"pax"', "well formed")),
  tar("pax-too-long", [{ name: "pax", type: "x", sizeField: "77777777777" }], badMember('"pax"', "at most")),
  tar("pax-and-gnu", [paxPart({ path: "a" }), long("b"), { name: "c" }], badMember('"c"', "GNU long name")),
  tar("pax-alone", [{ name: "a" }, paxPart({ path: "b" })], broken("no member")),
  tar("gnu-long-chain", [long("a"), long("b"), { name: "c" }], badMember("second long name")),
  tar("gnu-long-nul", [{ ...long("safe\0../evil") }, { name: "c" }], badMember("NUL")),
  tar("gnu-long-path", [long(`${"a/".repeat(20)}../evil`), { name: "c" }], badName('".."')),
];

const weights: TarPart = { name: "evil", content: "weights" };

const tarDamage: readonly HostileArchive[] = [
  tar("tar-checksum", [{ name: "a" }, { name: "evil", checksum: 1 }], broken("checksum")),
  tar("tar-size-no-number", [{ name: "evil", sizeField: "8zzzzzzzzzz" }], broken('"evil"', "no number")),
  tar("tar-size-negative", [{ name: "evil", sizeField: Buffer.alloc(12, 0xff) }], broken('"evil"', "no number")),
  tar("tar-size-lie", [{ name: "evil", content: "x", sizeField: "00077777777" }], broken('"evil"')),
  bytes("tar-truncated", () => tarOf({ ...weights, content: "x".repeat(2000) }).subarray(0, 1200), broken('"evil"')),
  bytes("tar-no-end", () => tarParts(weights), broken("end mark", '"evil"')),
  bytes("tar-half-end", () => Buffer.concat([tarParts(weights), Buffer.alloc(512)]), broken("end mark")),
  bytes("tar-after-end", () => Buffer.concat([tarOf(weights), tarParts({ name: "hidden" })]), broken("end mark")),
  bytes("tar-one-zero-block", () => Buffer.concat([tarParts(weights), Buffer.alloc(512), tarOf({ name: "hidden" })]), broken("end mark")),
];

const plain = (): Buffer => tarOf(weights);
const gzipTrailer = (change: (bytes: Buffer) => void) => (): Buffer => {
  const packed = Buffer.from(gzipSync(plain()));
  change(packed.subarray(-8));
  return packed;
};

const streams: readonly HostileArchive[] = [
  bytes("gzip-truncated", () => gzipSync(plain()).subarray(0, -12), broken("ends too early")),
  bytes("gzip-no-trailer", () => gzipSync(plain()).subarray(0, -4), broken("ends too early")),
  bytes(
    "gzip-checksum",
    gzipTrailer((end) => end.writeUInt32LE(1, 0)),
    broken("checksum"),
  ),
  bytes(
    "gzip-length",
    gzipTrailer((end) => end.writeUInt32LE(1, 4)),
    broken("length"),
  ),
  bytes("gzip-two-members", () => Buffer.concat([gzipSync(plain()), gzipSync(plain())]), broken("several gzip members")),
  bytes("gzip-trailing", () => Buffer.concat([gzipSync(plain()), Buffer.from("more")]), broken("bytes follow")),
  bytes(
    "gzip-bomb-ratio",
    () => gzipSync(tarOf({ name: "evil", content: Buffer.alloc(8 << 20) })),
    tooMuch({ ...tight, maxRatio: 100 }, "100 times", '"evil"'),
  ),
  bytes(
    "gzip-bomb-padding",
    () => gzipSync(Buffer.concat([plain(), Buffer.alloc(8 << 20)])),
    tooMuch({ ...tight, maxRatio: 100 }, "100 times"),
  ),
  bytes(
    "gzip-bomb-size",
    () => gzipSync(tarOf({ name: "evil", content: Buffer.alloc(20 << 20) })),
    tooMuch({ ...tight, maxRatio: 1e6 }, "16777216 bytes", '"evil"'),
  ),
  bytes("zstd-truncated", () => zstdCompressSync(plain()).subarray(0, -3), broken("ends too early")),
  bytes("zstd-two-frames", () => Buffer.concat([zstdCompressSync(plain()), zstdCompressSync(plain())]), broken("several zstd frames")),
  bytes("zstd-trailing", () => Buffer.concat([zstdCompressSync(plain()), Buffer.from("more")]), broken("bytes follow")),
  bytes("zstd-window", () => zstdWindow(0xf8), tooMuch({}, "window")),
  bytes("zstd-dictionary", () => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x58, 7, 1, 0, 0, 0, 0, 0, 0, 0]), broken("dictionary")),
  bytes("zstd-bomb-ratio", () => zstdCompressSync(tarOf({ name: "evil", content: Buffer.alloc(8 << 20) })), tooMuch(tight, "1000 times")),
  bytes("zstd-bomb-blocks", () => zstdRuns(4_000), tooMuch(tight, "1000 times")),
];

/** A frame whose header asks for a window. */
function zstdWindow(descriptor: number): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, descriptor, 1, 0, 0]);
}

/** A frame of blocks that each repeat one byte 128 KiB long: four bytes a block. */
function zstdRuns(count: number): Buffer {
  const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
  const last = Buffer.from([0x03, 0x00, 0x10, 0x00]);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), ...Array.from({ length: count }, () => block), last]);
}

const good: ZipPart = { name: "a", content: "good" };
const unicodePath = Buffer.concat([Buffer.from([0x75, 0x70, 9, 0, 1, 0, 0, 0, 0]), Buffer.from("evil")]);
const emptyZip = Buffer.concat([Buffer.from([0x50, 0x4b, 5, 6]), Buffer.alloc(18)]);

const zipDamage: readonly HostileArchive[] = [
  zip("zip-local-name", [{ name: "good", localName: "evil" }], broken('"good"', "local header")),
  zip("zip-local-flags", [{ name: "evil", localFlags: 1 }], broken('"evil"', "local header")),
  zip("zip-local-size", [{ name: "evil", localSize: 1 }], broken('"evil"', "other lengths")),
  zip("zip-checksum", [{ name: "evil", crc: 1 }], broken('"evil"', "checksum")),
  zip(
    "zip-more-than-declared",
    [{ name: "evil", content: "x".repeat(100), isDeflated: true, declaredSize: 10 }],
    broken('"evil"', "more bytes than the 10"),
  ),
  zip("zip-less-than-declared", [{ name: "evil", isDeflated: true, declaredSize: 100 }], broken('"evil"', "declares 100")),
  zip("zip-stored-two-lengths", [{ name: "evil", declaredSize: 100 }], broken('"evil"', "two lengths")),
  zip("zip-beyond-end", [{ name: "evil", declaredSize: 9_999, declaredStored: 9_999 }], broken('"evil"', "beyond")),
  zip("zip-deflate-garbage", [{ name: "evil", stored: Buffer.alloc(20, 0xff), isDeflated: true }], broken('"evil"', "deflate")),
  zip(
    "zip-deflate-truncated",
    [{ name: "evil", content: "x".repeat(999), stored: deflateRawSync("x".repeat(999)).subarray(0, -2), isDeflated: true }],
    broken('"evil"', "too early"),
  ),
  zip(
    "zip-hidden-after-deflate",
    [{ name: "evil", content: "x", stored: Buffer.concat([deflateRawSync("x"), Buffer.from("hidden")]), isDeflated: true }],
    broken('"evil"', "belong to no member"),
  ),
  zip("zip-overlap", [good, { name: "evil", offset: 0, localName: "a" }], broken("overlaps")),
  zip("zip-gap", [good, { ...good, name: "evil", offset: 40 }], broken("no member", '"evil"')),
  zip("zip-gap-before-directory", [good], { ...broken("no member"), shape: { gap: Buffer.from("hidden") } }),
  zip("zip-prefix", [good], { ...broken("no member"), shape: { prefix: Buffer.from("PK\x03\x04 hidden") } }),
  zip("zip-suffix", [good], { ...broken("bytes follow"), shape: { suffix: Buffer.from("hidden") } }),
  zip("zip-two-ends", [good], { ...broken("second end record"), shape: { comment: emptyZip } }),
  zip("zip-fewer-entries", [good], { ...broken("fewer entries"), shape: { entryCount: 2 } }),
  zip("zip-more-entries", [good, { name: "evil" }], { ...broken("more entries"), shape: { entryCount: 1 } }),
  zip("zip-disks", [good], { ...broken("several files"), shape: { disk: 1 } }),
  zip("zip-directory-offset", [good], { ...broken("does not end where"), shape: { directoryOffset: 3 } }),
  zip("zip64-disagrees", [good], {
    ...broken("do not agree"),
    shape: { beforeEnd: (at) => zip64End({ ...at, count: 7, position: at.offset + at.sizeBytes }) },
  }),
  zip("zip64-misplaced", [good], { ...broken("not where"), shape: { beforeEnd: (at) => zip64End({ ...at, position: 0 }) } }),
  zip("zip64-extra-missing", [{ name: "evil", declaredSize: 0xffffffff }], broken('"evil"', "zip64")),
  zip("zip64-extra-uncalled", [{ name: "evil", extra: Buffer.from([1, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0]) }], broken('"evil"', "zip64")),
  zip("zip-extra-not-formed", [{ name: "evil", extra: Buffer.from([1, 2, 99, 0]) }], broken('"evil"', "well formed")),
  zip("zip-second-name", [{ name: "good", extra: unicodePath }], badMember('"good"', "different name")),
  zip("zip-descriptor-lie", [{ name: "evil", flags: 8, trailer: Buffer.alloc(16, 7) }], broken('"evil"')),
  zip(
    "zip-bomb-ratio",
    [{ name: "evil", content: Buffer.alloc(8 << 20), isDeflated: true }],
    tooMuch({ ...tight, maxRatio: 100 }, "100 times", '"evil"'),
  ),
  zip("zip-bomb-declared", [{ name: "evil", isDeflated: true, declaredSize: 0xf0000000 }], tooMuch(tight, "bytes", '"evil"')),
  bytes("zip-truncated", () => zipOf([good]).subarray(0, -10), broken("end record")),
  bytes("zip-spanned", () => Buffer.concat([Buffer.from("PK\x07\x08"), zipOf([good])]), broken("does not end where")),
];

const many = (count: number): readonly { readonly name: string }[] => Array.from({ length: count }, (_, index) => ({ name: `n${index}` }));

const counts: readonly HostileArchive[] = [
  bytes("tar-bomb-count", () => tarOf(...many(1_001)), tooMuch({ maxMembers: 1_000 }, "1000 files", '"n1000"')),
  bytes(
    "tar-bomb-folders",
    () => tarOf(...many(200).map(({ name }) => ({ name: `${name}/b/c/d/e/f` }))),
    tooMuch({ maxMembers: 1_000 }, "1000 files"),
  ),
  bytes("zip-bomb-count", () => zipOf(many(1_001)), tooMuch({ maxMembers: 1_000 }, "1001 members")),
  bytes("zip-bomb-listing", () => zipOf(many(1_000)), tooMuch({ maxListingBytes: 1_000 }, "zip directory has")),
  bytes("tar-bomb-listing", () => tarOf(...many(1_000)), tooMuch({ maxListingBytes: 1_000 }, "names have more")),
];

/** Every one of them. */
export const hostileArchives: readonly HostileArchive[] = [
  ...named,
  ...collisions,
  ...places,
  ...kinds,
  ...extensions,
  ...tarDamage,
  ...streams,
  ...zipDamage,
  ...counts,
];
