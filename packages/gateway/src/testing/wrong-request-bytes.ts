/** The bytes of the cases of `wrong-requests.ts`. */
import { deflateSync, gzipSync } from "node:zlib";
import { seededRandom } from "@modelyard/core";
import { clientPreface, rawFrame } from "@modelyard/wire/testing";
import type { FramesRequest, FrameText, GrpcRequest, Http1Request, LiteralField, Piece, WrongRequest } from "./wrong-requests.ts";

/** What is sent. */
export interface RequestBytes {
  readonly protocol: "http/1.1" | "h2";
  /** Each is written in its own turn. */
  readonly parts: readonly Buffer[];
}

/** The bytes of a case. */
export function bytesOfRequest({ request }: WrongRequest): RequestBytes {
  switch (request.kind) {
    case "http1":
      return { protocol: "http/1.1", parts: [http1Bytes(request)] };
    case "bytes":
      return { protocol: "http/1.1", parts: request.parts.map(bytesOfPieces) };
    case "frames":
      return { protocol: "h2", parts: [framesBytes(request)] };
    case "grpc":
      return { protocol: "h2", parts: [callBytes(request)] };
  }
}

/** A header block of literals without indexing or Huffman coding (RFC 7541 §6.2.2), whatever the fields. */
export function literalBlock(fields: readonly LiteralField[]): Buffer {
  const text = (value: Piece): Buffer => {
    const bytes = bytesOfPiece(value);
    return Buffer.concat([bytes.length < 127 ? Buffer.from([bytes.length]) : prefixInteger(bytes.length), bytes]);
  };
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

/** RFC 7541 §5.1, of a prefix of seven bits that is full. */
function prefixInteger(value: number): Buffer {
  return Buffer.concat([Buffer.from([127]), varint(value - 127)]);
}

function http1Bytes({ method = "POST", target = "/v2/models/pair/infer", headers = [], body }: Http1Request): Buffer {
  const bytes = bytesOfPieces(body ?? []);
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!headers.some((line) => /^host:/i.test(line))) lines.push("Host: localhost");
  if (body && !headers.some((line) => /^(?:content-length|transfer-encoding)/i.test(line))) lines.push(`Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${[...lines, ...headers].join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}

function framesBytes({ preface, frames }: FramesRequest): Buffer {
  return Buffer.concat([preface ? bytesOfPieces(preface) : clientPreface, ...frames.map(frameBytes)]);
}

const frameTypes: Readonly<Record<string, number>> = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
const frameFlags: Readonly<Record<string, number>> = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 };

function frameBytes({ type, stream = 1, flags = [], fields, payload = [], sizeBytes }: FrameText): Buffer {
  const content = Buffer.concat([fields ? literalBlock(fields) : Buffer.alloc(0), bytesOfPieces(payload)]);
  const flagBits = flags.reduce((bits, flag) => bits | (frameFlags[flag] ?? 0), 0);
  const frame = rawFrame(typeof type === "number" ? type : (frameTypes[type] ?? 0), flagBits, stream, content);
  if (sizeBytes !== undefined) frame.writeUIntBE(sizeBytes, 0, 3);
  return frame;
}

const callFields = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/inference.GRPCInferenceService/ModelInfer"],
  [":authority", "localhost"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
] as const;
const maxFrameBytes = 16_384;

function callBytes({ path, fields = [], data, isOpen }: GrpcRequest): Buffer {
  const own = new Map<string, Piece>([...(path === undefined ? [] : ([[":path", path]] as const)), ...fields]);
  const common = callFields.map(([name, value]) => [name, own.get(name) ?? value] as const);
  const extra = fields.filter(([name]) => !callFields.some(([known]) => known === name));
  const head = [...common, ...extra].filter(([, value]) => value !== "");
  const endsAtOnce = data.length === 0 && !isOpen;
  const frames = data.flatMap((pieces) => dataFrames(bytesOfPieces(pieces)));
  const last = frames.at(-1);
  if (last && !isOpen) last[4] = 1;
  return Buffer.concat([clientPreface, rawFrame(1, endsAtOnce ? 5 : 4, 1, literalBlock(head)), ...frames]);
}

function dataFrames(bytes: Buffer): readonly Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / maxFrameBytes));
  return Array.from({ length: count }, (_, index) => rawFrame(0, 0, 1, bytes.subarray(index * maxFrameBytes, (index + 1) * maxFrameBytes)));
}

/** The bytes of pieces, one after the other. */
function bytesOfPieces(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map(bytesOfPiece));
}

function bytesOfPiece(piece: Piece): Buffer {
  if (typeof piece === "string") return Buffer.from(piece, "latin1");
  if ("json" in piece) return Buffer.from(JSON.stringify(piece.json));
  if ("hex" in piece) return Buffer.from(piece.hex.replaceAll(" ", ""), "hex");
  if ("base64" in piece) return Buffer.from(piece.base64, "base64");
  if ("repeat" in piece) return Buffer.from(piece.repeat.repeat(piece.count), "latin1");
  if ("random" in piece) return randomBytes(piece.random, piece.sizeBytes);
  if ("coded" in piece) return (piece.coded === "gzip" ? gzipSync : deflateSync)(bytesOfPieces(piece.of));
  if ("float32" in piece) return Buffer.from(new Float32Array(piece.float32).buffer);
  if ("varints" in piece) return Buffer.concat(piece.varints.map(varint));
  if ("message" in piece) return Buffer.concat(piece.message.map(([field, value]) => protoField(field, value)));
  return framed(bytesOfPieces(piece.framed), piece);
}

function randomBytes(seed: number, sizeBytes: number): Buffer {
  const random = seededRandom(seed);
  return Buffer.from(Array.from({ length: sizeBytes }, () => Math.floor(random.next() * 256)));
}

/** Numbers are varints, everything else is delimited. */
function protoField(field: number, value: number | Piece): Buffer {
  if (typeof value === "number") return Buffer.concat([varint(field * 8), varint(value)]);
  const bytes = bytesOfPiece(value);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

/** Negative numbers have ten bytes, as protobuf writes them. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function framed(
  message: Buffer,
  { flag = 0, sizeBytes = message.length }: { readonly flag?: number; readonly sizeBytes?: number },
): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(sizeBytes, 1);
  return Buffer.concat([prefix, message]);
}
