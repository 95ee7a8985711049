/** gRPC's status fields: code, percent-encoded message, and the error of a failed call. */
import { type Code, codeOfGrpcStatus, failure, grpcStatusOf, type PlatformError } from "@modelyard/core";
import type { Field, Fields } from "../message/fields.ts";

/** Messages that are longer when encoded are cut: peers limit the size of trailers, the strictest to 8 KiB. */
const maxEncodedLength = 4_096;

/** Fields that carry a status. */
export function statusFields(code: Code | "OK", message: string): readonly Field[] {
  const status: Field = ["grpc-status", code === "OK" ? "0" : String(grpcStatusOf(code))];
  return message === "" ? [status] : [status, ["grpc-message", encodeMessage(cutMessage(message))]];
}

/** The longest beginning, of whole characters, that is not too long when encoded. */
function cutMessage(message: string): string {
  let encodedLength = 0;
  let end = 0;
  for (const character of message) {
    encodedLength += encodedLengthOf(character.codePointAt(0) ?? 0);
    if (encodedLength > maxEncodedLength) return message.slice(0, end);
    end += character.length;
  }
  return message;
}

/** Three for each byte of UTF-8, one for what stands for itself, but for a blank, which is encoded at either end. */
function encodedLengthOf(codePoint: number): number {
  if (codePoint < 0x80) return codePoint > 0x20 && codePoint < 0x7f && codePoint !== 0x25 ? 1 : 3;
  if (codePoint < 0x800) return 6;
  return codePoint < 0x10000 ? 9 : 12;
}

/** Percent-encodes UTF-8 bytes outside of printable ASCII, and the percent sign. */
export function encodeMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  // A field value cannot begin or end with a blank.
  return encoded.replace(/^ | $/g, "%20");
}

/** Undoes {@link encodeMessage}; what is not well formed stays as it is. */
export function decodeMessage(encoded: string): string {
  const bytes = encoded.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The failure that trailers report, or `undefined` for status OK. */
export function failureOfStatus(path: string, fields: Fields): PlatformError | undefined {
  const status = fields.get("grpc-status");
  if (status === "0") return undefined;
  if (status === undefined) return rpcFailure("UNKNOWN", path, "it sent no grpc-status");
  return rpcFailure(codeOfGrpcStatus(Number(status)), path, decodeMessage(fields.get("grpc-message") ?? "") || "no message");
}

/** The failure behind an answer that is not gRPC, by its HTTP status (gRPC, "HTTP to gRPC status code mapping"). */
export function failureOfHttpStatus(path: string, status: number): PlatformError {
  return rpcFailure(codeOfHttpStatus(status), path, `it answered with HTTP status ${status}`);
}

/** The failure of a call with a code. */
export function rpcFailure(code: Code, path: string, message: string): PlatformError {
  return failure(`RPC_${code}`, { path, message });
}

function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return "INTERNAL";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "UNIMPLEMENTED";
    case 429:
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return "UNKNOWN";
  }
}
