/**
 * JSON texts of the inference protocol, which say more than `JSON.parse` keeps: integers beyond 2^53, and the words NaN, Infinity and
 * -Infinity, which Python's `json` writes and Triton accepts.
 *
 * `JSON.parse` does the work; the two slower ways are taken only by texts that need them.
 */
import { isUtf8 } from "node:buffer";
import { failure } from "@modelyard/core";

/** A parsed text. */
export interface JsonText {
  /** Integers beyond 2^53 are rounded; NaN and the infinities are the strings "NaN", "Infinity", "-Infinity". */
  readonly value: unknown;
  /** The same value with integer literals beyond 2^53 as bigints. Parsed on first use. */
  exact(): unknown;
}

/** Digits of the longest 64-bit integer with its sign; longer literals are left to the range check as numbers. */
const maxExactDigits = 20;

/** Parses a UTF-8 JSON text; fails with `INFERENCE_REQUEST_INVALID`. */
export function parseJsonText(bytes: Uint8Array): JsonText {
  const text = decodeUtf8(bytes);
  let accepted = text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    accepted = quoteNonFinite(text);
    value = accepted === text ? refuseSyntax(error) : parseOrRefuse(accepted);
  }
  let exactValue: unknown;
  return {
    value,
    exact() {
      exactValue ??= parseExactly(accepted);
      return exactValue;
    },
  };
}

function decodeUtf8(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  // Decoding replaces what is not UTF-8 with U+FFFD, which is also a character of its own.
  if (text.includes("\uFFFD") && !isUtf8(bytes)) throw failure("INFERENCE_REQUEST_INVALID", { why: "its JSON is not UTF-8 text" });
  return text;
}

function parseOrRefuse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuseSyntax(error);
  }
}

function refuseSyntax(error: unknown): never {
  const why = error instanceof SyntaxError ? error.message : "the text could not be read";
  throw failure("INFERENCE_REQUEST_INVALID", { why: `its JSON could not be read: ${why}` }, { cause: error });
}

/**
 * Puts the words outside of strings into quotes. The text comes from outside, so its strings are stepped over in one pass: a regular expression
 * that matches them backtracks over a string without end.
 */
function quoteNonFinite(text: string): string {
  if (!text.includes("NaN") && !text.includes("Infinity")) return text;
  const token = /"|-?Infinity|NaN/g;
  let quoted = "";
  let copied = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '"') {
      const end = endOfString(text, token.lastIndex);
      if (end < 0) break;
      token.lastIndex = end + 1;
    } else {
      quoted += `${text.slice(copied, match.index)}"${match[0]}"`;
      copied = token.lastIndex;
    }
  }
  return quoted + text.slice(copied);
}

/** Position of the quote that ends the string whose content begins at `start`; -1 when it has no end. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** Whether an odd number of backslashes stands before a position. */
function isEscaped(text: string, position: number): boolean {
  let at = position;
  while (text[at - 1] === "\\") at--;
  return (position - at) % 2 === 1;
}

/** Of a text that was parsed before: only its depth can be wrong now, as `JSON.parse` with a reviver calls itself for each level. */
function parseExactly(text: string): unknown {
  try {
    return JSON.parse(text, exactInteger);
  } catch (error) {
    throw failure("INFERENCE_REQUEST_INVALID", { why: "its JSON is nested too deeply" }, { cause: error });
  }
}

/** A reviver; its third argument carries the literal as it was written (ECMAScript "JSON.parse source text access"). */
function exactInteger(_key: string, value: unknown, ...context: readonly unknown[]): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = sourceOf(context[0]);
  return source !== undefined && source.length <= maxExactDigits && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function sourceOf(context: unknown): string | undefined {
  if (typeof context !== "object" || context === null || !("source" in context)) return undefined;
  return typeof context.source === "string" ? context.source : undefined;
}
