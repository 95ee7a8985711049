/** The server's side of a gRPC call. */
import type { Clock, Code, PlatformError } from "@modelyard/core";
import type { Exchange } from "../message/exchange.ts";
import type { Field } from "../message/fields.ts";

/** A call being answered. */
export interface GrpcCall {
  readonly exchange: Exchange;
  /** `/package.Service/Method`. */
  readonly path: string;
  /** When the client gives up, on the monotonic clock; `undefined` = it waits. */
  readonly deadlineMs: number | undefined;
  /** Whether the call was finished or cancelled; sending is then without effect. */
  readonly isOver: boolean;
  /** Value of a metadata field by its lower-case name. */
  get(name: string): string | undefined;
  /** Sends the one answer and status OK in one write. */
  respond(message: Uint8Array): void;
  /** Sends one message; `false`: enough is waiting, go on at `onDrain`. */
  send(message: Uint8Array): boolean;
  onDrain(callback: () => void): void;
  /** Ends the call with a status; alone, when nothing was sent before. */
  finish(code: Code | "OK", message?: string, trailerFields?: readonly Field[]): void;
  /** Ends the call with the code and message of an error. */
  fail(error: PlatformError): void;
  /** Sets who is called, once, when the client cancels or is lost before the call was finished. */
  onCancel(callback: (error: PlatformError) => void): void;
  /** Stops granting the client more messages; what was granted (at most one window) still arrives. */
  pause(): void;
  resume(): void;
}

/** Options common to both kinds of call. */
export interface GrpcOptions {
  readonly clock: Clock;
  /** Largest message that is accepted; larger ones end the call with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
}
