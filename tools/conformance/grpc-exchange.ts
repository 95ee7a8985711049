/** One gRPC call of a check, and what is wanted of its answer. */

import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Message } from "@modelyard/gateway/testing";
import type { Check, Outcome, Subject } from "./check.ts";

/** An answer with field names as in the .proto file; 64-bit integers as text. */
export type GrpcAnswer = Message;

/** Longest that a call may take. */
export const callLimitMs = 20_000;

/** A row of a table of gRPC checks. */
export interface GrpcRow {
  readonly id: string;
  readonly section: string;
  readonly method: string;
  readonly expected: string;
  readonly ours?: string | undefined;
  readonly extension?: string | undefined;
  readonly needs?: Check["needs"];
  readonly request: (subject: Subject) => Message;
  /** Default none. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Default: OK, with any answer. */
  readonly wanted?: GrpcWanted;
}

/** What is wanted of a call. */
export interface GrpcWanted {
  /** Default OK. */
  readonly code?: status | readonly status[];
  readonly holds?: (answer: GrpcAnswer, subject: Subject) => boolean;
}

/** The check of a row. */
export function grpcCheck({ method, request, wanted = {}, metadata, deadlineMs = callLimitMs, ...row }: GrpcRow): Check {
  const { code = status.OK, holds = () => true } = wanted;
  const codes: readonly status[] = typeof code === "number" ? [code] : code;
  const isWrong = !codes.includes(status.OK) && codes.some((one) => one !== status.UNIMPLEMENTED);
  const run = async (subject: Subject): Promise<Outcome> => {
    try {
      const options = { deadlineMs, ...(metadata && { metadata: Metadata.fromHttp2Headers(metadata) }) };
      const answer = await subject.grpc.call(method, request(subject), options);
      return { actual: shownAnswer(answer), isRight: codes.includes(status.OK) && holds(answer, subject) };
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const isUnsupported = saysUnsupported(error);
      return { actual: shownError(error), isRight: codes.includes(error.code), isUnsupported, isRefused: isWrong };
    }
  };
  return { ...row, id: `grpc-${row.id}`, protocol: "gRPC", isWrong, run };
}

/** Whether a call ended by a status. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}

/** Whether the server said that it does not have a call; grpc-js says the same of an answer without a message. */
export function saysUnsupported({ code, details }: Pick<ServiceError, "code" | "details">): boolean {
  return code === status.UNIMPLEMENTED && details !== "No message received";
}

/** A status as a result shows it. */
export function shownError({ code, details }: Pick<ServiceError, "code" | "details">): string {
  return `${status[code]}: ${details}`.slice(0, 200);
}

/** An answer as a result shows it. */
export function shownAnswer(answer: GrpcAnswer): string {
  return JSON.stringify(answer).slice(0, 200);
}
