/** One gRPC call of a check, and what is wanted of its answer. */
import { status } from "@grpc/grpc-js";
import { CallError } from "../acceptance/harness/clients.ts";
import type { Check, Outcome, Subject } from "./check.ts";

/** An answer with field names as in the .proto file; 64-bit integers as text. */
export type GrpcAnswer = Readonly<Record<string, unknown>>;

/** A row of a table of gRPC checks. */
export interface GrpcRow {
  readonly id: string;
  readonly section: string;
  readonly method: string;
  readonly expected: string;
  readonly needs?: Check["needs"];
  readonly request: (subject: Subject) => object;
  /** Default: OK, with any answer. */
  readonly wanted?: { readonly code?: status; readonly holds?: (answer: GrpcAnswer) => boolean };
}

/** The check of a row. */
export function grpcCheck({ id, section, method, expected, needs, request, wanted = {} }: GrpcRow): Check {
  const { code = status.OK, holds = () => true } = wanted;
  const run = async (subject: Subject): Promise<Outcome> => {
    try {
      const answer = await subject.grpc.call(method, request(subject));
      return { actual: JSON.stringify(answer).slice(0, 200), isRight: code === status.OK && holds(answer) };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const actual = `${status[error.status]}: ${error.message}`.slice(0, 200);
      return { actual, isRight: error.status === code, isUnsupported: error.status === status.UNIMPLEMENTED };
    }
  };
  const isWrong = code !== status.OK && code !== status.UNIMPLEMENTED;
  return { id: `grpc-${id}`, section, protocol: "gRPC", isWrong, expected, run, ...(needs && { needs }) };
}
