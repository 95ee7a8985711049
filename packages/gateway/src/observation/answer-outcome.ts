/** What an answer says of its request, read off the answer itself, so that it is the same for every face and every way to answer. */
import { type Code, codeOfGrpcStatus, entryOf, type Reason, reasons } from "@modelyard/core";
import { type Field, type ResponseHead, reasonField, type Trailers } from "@modelyard/wire";

const knownReasons: ReadonlySet<string> = new Set(reasons);

/** The code of an answer. Over gRPC the status is in the trailers, or in the head when that is all there is. */
export function codeOfAnswer(isGrpc: boolean, head: ResponseHead, trailers: Trailers | undefined): Code | "OK" {
  const status = isGrpc ? valueOf(trailers?.fields ?? head.fields, "grpc-status") : undefined;
  if (status !== undefined) return status === "0" ? "OK" : codeOfGrpcStatus(Number(status));
  return head.status < 400 ? "OK" : codeOfFailedHead(head);
}

/** The reason of an answer; undefined for one that is no refusal. */
export function reasonOfAnswer(head: ResponseHead, trailers: Trailers | undefined): string | undefined {
  return valueOf(trailers?.fields ?? head.fields, reasonField);
}

/** Answers without a reason are those of "not ready". */
function codeOfFailedHead(head: ResponseHead): Code {
  const reason = valueOf(head.fields, reasonField);
  if (reason === undefined) return head.status === 503 ? "UNAVAILABLE" : "UNKNOWN";
  // Just looked up among the reasons.
  return knownReasons.has(reason) ? entryOf(reason as Reason).code : "UNKNOWN";
}

function valueOf(fields: readonly Field[], name: string): string | undefined {
  for (const field of fields) {
    if (field[0] === name) return field[1];
  }
  return undefined;
}
