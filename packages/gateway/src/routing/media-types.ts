/**
 * Content types of the REST face. Clients of the protocol are careless with the type of JSON (curl says a form, others say
 * nothing), so only types that are certainly something else are refused.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { RequestHead } from "@modelyard/wire";

const foreignTypes = /^(?:multipart|image|audio|video|font)\/|^text\/(?!plain)|^application\/(?:xml|yaml|pdf|zip|gzip)/i;
const acceptedTypes = /(?:^|,)\s*(?:\*\/\*|application\/(?:\*|json|octet-stream)|text\/plain)\s*(?:;|,|$)/i;

/** The refusal of a body by its type. */
export function checkBodyType(head: RequestHead): PlatformError | undefined {
  const type = head.get("content-type");
  if (type !== undefined && foreignTypes.test(type)) {
    const expected = "application/json or application/octet-stream";
    return failure("MEDIA_TYPE_NOT_SUPPORTED", { header: "content-type", actual: type, expected });
  }
  return undefined;
}

/** The refusal of a client that takes neither JSON nor bytes. */
export function checkAccept(head: RequestHead): PlatformError | undefined {
  const accept = head.get("accept");
  if (accept === undefined || accept === "" || acceptedTypes.test(accept)) return undefined;
  return failure("NOT_ACCEPTABLE", { actual: accept, expected: "application/json or application/octet-stream" });
}
