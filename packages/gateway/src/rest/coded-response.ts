/** Sends an answer in the coding its client asked for. */
import { type Exchange, type ResponseHead, responseHead } from "@modelyard/wire";
import type { ContentCoding } from "../routing/content-coding.ts";
import { type BodyCoder, compressedFromBytes } from "./body-coder.ts";

/** An answer before it is coded. */
export interface CodedResponse {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
  readonly coding: ContentCoding;
}

/** At once when it goes out as it is: small, or not wanted otherwise. An answer that cannot be compressed goes out as it is, too. */
export function respondCoded(exchange: Exchange, { head, body, coding }: CodedResponse, coder: BodyCoder): void {
  if (coding === "identity" || body.length < compressedFromBytes) {
    exchange.respond({ head, body });
    return;
  }
  const fields = [...head.fields, ["content-encoding", coding] as const, ["vary", "accept-encoding"] as const];
  coder.compress(body, coding).then(
    (compressed) => exchange.respond({ head: responseHead(head.status, fields), body: compressed }),
    () => exchange.respond({ head, body }),
  );
}
