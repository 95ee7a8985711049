/**
 * What the supervisor and its children say to each other over the channel Node opens between parent and child.
 *
 * A child does nothing before `start`: by then its identity is in the lock file, so that whoever takes the data folder over knows of it.
 * When the channel closes the supervisor is gone, and the child drains and ends.
 */
import type { PublicError, Sample } from "@modelyard/core";
import type { Scrape, ScrapeVerdict } from "./scrape.ts";

/** How an earlier process in the same place ended. */
export interface ExitReport {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

/** From the supervisor. `connection` comes with a socket; `open` and, where there is one, `start` with the server socket of a port. */
export type ToChild =
  /** Whoever connects to the port shall wait from now on, until somebody accepts. Before `start`. */
  | { readonly kind: "open" }
  /** It accepts from the port when it is ready. */
  | { readonly kind: "start"; readonly settings: unknown; readonly predecessor?: ExitReport }
  | { readonly kind: "connection"; readonly id: number }
  | { readonly kind: "ping" }
  /** It shall answer with its `samples`. */
  | { readonly kind: "metrics"; readonly id: number }
  /** It shall answer with `authorized`: only control knows the keys. */
  | { readonly kind: "authorize"; readonly id: number; readonly scrape: Scrape }
  /** `idleGraceMs`: for connections without a request to bring one more. */
  | { readonly kind: "stop"; readonly limitMs: number; readonly idleGraceMs: number };

/** From a child. */
export type FromChild =
  /** It does its work; `url` where it opened a port of its own. */
  | { readonly kind: "ready"; readonly url?: string }
  /** It could not start, and ends. */
  | { readonly kind: "failed"; readonly error: PublicError }
  /** The socket of the connection with this id has arrived. */
  | { readonly kind: "accepted"; readonly id: number }
  /** How many of the connections it was handed are closed by now, all together. */
  | { readonly kind: "closed"; readonly total: number }
  | { readonly kind: "pong" }
  /** Every value and bound is finite: the channel has no other numbers. */
  | { readonly kind: "samples"; readonly id: number; readonly samples: readonly Sample[] }
  | { readonly kind: "authorized"; readonly id: number; readonly verdict: ScrapeVerdict };

const fromChildKinds: readonly string[] = [
  "ready",
  "failed",
  "accepted",
  "closed",
  "pong",
  "samples",
  "authorized",
] satisfies readonly FromChild["kind"][];
const toChildKinds: readonly string[] = [
  "open",
  "start",
  "connection",
  "ping",
  "metrics",
  "authorize",
  "stop",
] satisfies readonly ToChild["kind"][];

/** Whether a message is one of a child's. Both ends are the same build, so the kind decides. */
export function isFromChild(message: unknown): message is FromChild {
  return hasKind(message) && fromChildKinds.includes(message.kind);
}

/** Whether a message is one of the supervisor's. */
export function isToChild(message: unknown): message is ToChild {
  return hasKind(message) && toChildKinds.includes(message.kind);
}

function hasKind(message: unknown): message is { readonly kind: string } {
  return typeof message === "object" && message !== null && "kind" in message && typeof message.kind === "string";
}
