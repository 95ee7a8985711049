/**
 * Wrong requests as data (`testdata/wrong-requests/`, one file for each class): what is sent, byte for byte, and what the server does with it.
 *
 * Behind each wrong request a good one is sent on the same connection, where the connection can still carry one. An outcome is a list: what
 * was answered, in the order of requests or streams (`400 REASON` for HTTP, `CODE REASON` for gRPC, `RST_STREAM CODE`, `GOAWAY CODE`), then
 * `next` when the good request behind was answered, as itself and once; nothing when the connection was closed; `waits` when nothing came.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Datatype } from "@modelyard/codec";

/** Bytes, written so that people can read them. Plain text is Latin-1. */
export type Piece =
  | string
  /** The text that `JSON.stringify` makes, as UTF-8. */
  | { readonly json: unknown }
  | { readonly hex: string }
  | { readonly base64: string }
  | { readonly repeat: string; readonly count: number }
  /** Bytes of the generator of `core` with this seed. */
  | { readonly random: number; readonly sizeBytes: number }
  | { readonly coded: "gzip" | "deflate"; readonly of: readonly Piece[] }
  /** Little-endian. */
  | { readonly float32: readonly number[] }
  /** Protobuf varints, one after the other. */
  | { readonly varints: readonly number[] }
  /** A protobuf message: field numbers with their values. */
  | { readonly message: readonly (readonly [field: number, value: number | Piece])[] }
  /** A message of gRPC with its prefix. `flag` and `sizeBytes` are those of the prefix; default 0 and the length. */
  | { readonly framed: readonly Piece[]; readonly flag?: number; readonly sizeBytes?: number };

/** A field of a header block. */
export type LiteralField = readonly [name: string, value: Piece];

/** A request of HTTP/1.1. `Host`, and `Content-Length` where there is a body, are added unless the headers have them or a transfer coding. */
export interface Http1Request {
  readonly kind: "http1";
  /** Default POST. */
  readonly method?: string;
  /** Default `/v2/models/pair/infer`. */
  readonly target?: string;
  /** Whole lines. */
  readonly headers?: readonly string[];
  readonly body?: readonly Piece[];
}

/** Bytes as they are, each part in its own packet as far as the kernel allows. */
export interface RawRequest {
  readonly kind: "bytes";
  readonly parts: readonly (readonly Piece[])[];
}

/** One frame of HTTP/2. */
export interface FrameText {
  /** Its name, or its number. */
  readonly type: string | number;
  /** Default 1. */
  readonly stream?: number;
  readonly flags?: readonly string[];
  /** Of HEADERS and CONTINUATION: encoded as literals. */
  readonly fields?: readonly LiteralField[];
  readonly payload?: readonly Piece[];
  /** Length that its head says. Default that of the payload. */
  readonly sizeBytes?: number;
}

/** Frames behind the client's preface. */
export interface FramesRequest {
  readonly kind: "frames";
  /** Default the preface with empty SETTINGS. */
  readonly preface?: readonly Piece[];
  readonly frames: readonly FrameText[];
}

/** A gRPC call on stream 1. */
export interface GrpcRequest {
  readonly kind: "grpc";
  /** Default `/inference.GRPCInferenceService/ModelInfer`. */
  readonly path?: string;
  /** Beside those every call has; one of the same name replaces it, an empty value takes it away. */
  readonly fields?: readonly LiteralField[];
  /** Each entry is a frame of DATA. */
  readonly data: readonly (readonly Piece[])[];
  /** The last frame does not end the stream. */
  readonly isOpen?: true;
}

/** One case. */
export interface WrongRequest {
  readonly id: string;
  /** What is wrong with it. */
  readonly why: string;
  readonly request: Http1Request | RawRequest | FramesRequest | GrpcRequest;
  /** The client ends its side instead of sending the good request. */
  readonly ends?: true;
  readonly expected: readonly string[];
}

/** The cases of one file. */
export interface WrongRequestClass {
  readonly name: string;
  readonly cases: readonly WrongRequest[];
}

/** A model that the cases ask for: its input `x` comes back as its output `y`. */
export interface WrongRequestModel {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** The models that must be served. */
export const wrongRequestModels: readonly WrongRequestModel[] = [
  { name: "pair", datatype: "FP32", shape: [-1, 2] },
  { name: "text", datatype: "BYTES", shape: [-1] },
  { name: "whole", datatype: "INT64", shape: [-1] },
  { name: "tiny", datatype: "INT8", shape: [-1] },
  { name: "flag", datatype: "BOOL", shape: [-1] },
  { name: "half", datatype: "FP16", shape: [-1] },
];

/** Largest body and message that the server must be set to accept: small, so that what is too large costs little. */
export const wrongRequestMaxBodyBytes: number = 1024 * 1024;

const folder = join(import.meta.dirname, "../../testdata/wrong-requests");

/** All classes, by their names. */
export function wrongRequests(): readonly WrongRequestClass[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => {
    // Our own files; their test sends every entry.
    const cases = JSON.parse(readFileSync(join(folder, file), "utf8")) as readonly WrongRequest[];
    return { name: file.slice(0, -".json".length), cases };
  });
}
