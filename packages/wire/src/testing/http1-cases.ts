/**
 * Requests of HTTP/1.1, right and wrong, as data (`testdata/http1-cases.json`): what Modelyard does with each, and where nginx or `node:http` do
 * otherwise, with the reason.
 *
 * Behind the request of a case, in the same breath, a well-formed request for `/next` is sent. An outcome is a list: one entry for each answer
 * (`100`, `400`, or for a request that was served `200 METHOD TARGET BYTES-OF-BODY`), then what became of the connection: `next` when the
 * request behind was answered, as itself; `waits` when the server waits for more; nothing when it closed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Servers that the cases are sent to. */
export type Http1ServerName = "modelyard" | "nginx" | "nodeHttp";

/** Text is Latin-1; a repetition stands for its length. */
export type Http1Piece = string | { readonly repeat: string; readonly times: number };

/** What another server does, and why that is not what Modelyard does. */
export interface Http1Difference {
  readonly outcome: readonly string[];
  readonly why: string;
}

/** One case. */
export interface Http1Case {
  readonly id: string;
  /** Section of an RFC. */
  readonly section: string;
  /** What the section says, or why the case is worth one. */
  readonly rule: string;
  /** Parts that are written one after the other, each in its own packet as far as the kernel allows. */
  readonly request: readonly (readonly Http1Piece[])[];
  /** What Modelyard does. */
  readonly expected: readonly string[];
  /** Absent when the outcome is the same. */
  readonly nginx?: Http1Difference;
  /** Absent when the outcome is the same. */
  readonly nodeHttp?: Http1Difference;
}

const file = join(import.meta.dirname, "../../testdata/http1-cases.json");

/** All cases. */
export function http1Cases(): readonly Http1Case[] {
  return JSON.parse(readFileSync(file, "utf8")) as readonly Http1Case[]; // Our own file; its test checks every entry.
}

/** The bytes of a case, part by part. */
export function requestOf(one: Http1Case): readonly Buffer[] {
  return one.request.map((part) => Buffer.from(part.map(textOf).join(""), "latin1"));
}

/** What a server is recorded to do. */
export function outcomeOf(one: Http1Case, server: Http1ServerName): readonly string[] {
  return server === "modelyard" ? one.expected : (one[server]?.outcome ?? one.expected);
}

function textOf(piece: Http1Piece): string {
  return typeof piece === "string" ? piece : piece.repeat.repeat(piece.times);
}
