/** Checks of compressed bodies over REST. */
import { deflateSync, gzipSync } from "node:zlib";
import type { Check, Subject } from "./check.ts";
import { binarySent, hasAnswer, image, imageBytes, inferSent } from "./infer-requests.ts";
import { hasError, type RestSent, type RestWanted, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };
const answered: RestWanted = { status: 200, holds: hasAnswer };
const json = JSON.stringify({ inputs: [image] });

const rows: readonly SectionRow[] = [
  { id: "gzip-in", expected: "200", sent: inferSent(gzipSync(json), { "content-encoding": "gzip" }), wanted: answered },
  { id: "deflate-in", expected: "200", sent: inferSent(deflateSync(json), { "content-encoding": "deflate" }), wanted: answered },
  {
    id: "gzip-upper-case",
    expected: "200: names of codings have no case",
    sent: inferSent(gzipSync(json), { "content-encoding": "GZIP" }),
    wanted: answered,
  },
  { id: "identity-in", expected: "200", sent: inferSent(json, { "content-encoding": "identity" }), wanted: answered },
  { id: "gzip-damaged", expected: "400", sent: inferSent(damaged(), { "content-encoding": "gzip" }), wanted: refused },
  { id: "gzip-cut", expected: "400", sent: inferSent(gzipSync(json).subarray(0, 40), { "content-encoding": "gzip" }), wanted: refused },
  { id: "gzip-is-none", expected: "400: the body is not gzip", sent: inferSent(json, { "content-encoding": "gzip" }), wanted: refused },
  {
    id: "coding-unknown",
    expected: "415 or 400",
    sent: inferSent(json, { "content-encoding": "br7" }),
    wanted: { status: [400, 415], holds: hasError },
  },
  { id: "gzip-out", expected: "the same answer", sent: inferSent(json, { "accept-encoding": "gzip" }), wanted: answered },
  { id: "deflate-out", expected: "the same answer", sent: inferSent(json, { "accept-encoding": "deflate" }), wanted: answered },
  { id: "gzip-binary", expected: "the JSON length counts the inflated body", sent: gzipBinary, wanted: { status: 200 } },
];

/** Every check of compression. */
export const compressionChecks: readonly Check[] = sectionChecks({ section: "compression", ours: "of HTTP, not of the protocol" }, rows);

function gzipBinary(subject: Subject): RestSent {
  const sent = binarySent(imageBytes)(subject);
  return { ...sent, body: gzipSync(sent.body ?? ""), headers: { ...sent.headers, "content-encoding": "gzip" } };
}

function damaged(): Buffer {
  const bytes = gzipSync(json);
  bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 0xff;
  return bytes;
}
