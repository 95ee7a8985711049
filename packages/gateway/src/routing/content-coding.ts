/** Which content codings a request uses and accepts. Source: RFC 9110 §8.4 and §12.5.3. */
import { failure, type PlatformError } from "@modelyard/core";
import type { RequestHead } from "@modelyard/wire";

/** A content coding; `deflate` is the zlib format, as RFC 9110 §8.4.1.2 has it. */
export type ContentCoding = "identity" | "gzip" | "deflate";

/** The coding of a request's body, or the refusal of one that is not known, or of several at once. */
export function bodyCodingOf(head: RequestHead): ContentCoding | PlatformError {
  const text = head.get("content-encoding");
  if (text === undefined) return "identity";
  const coding = codingOf(text);
  return coding ?? failure("MEDIA_TYPE_NOT_SUPPORTED", { header: "content-encoding", actual: text, expected: "gzip, deflate or identity" });
}

/**
 * The coding a client likes best among those that it accepts, gzip before deflate before none where it likes them the same; undefined when it
 * accepts none of them. Without the header an answer is sent as it is.
 */
export function acceptedCodingOf(head: RequestHead): ContentCoding | undefined {
  const text = head.get("accept-encoding");
  if (text === undefined) return "identity";
  const weights = weightsOf(text);
  let best: ContentCoding | undefined;
  let bestWeight = 0;
  for (const coding of codings) {
    const weight = weightOf(weights, coding);
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  return best;
}

/** In the order of our preference. */
const codings: readonly ContentCoding[] = ["gzip", "deflate", "identity"];

function codingOf(text: string): ContentCoding | undefined {
  const name = text.trim().toLowerCase();
  if (name === "x-gzip") return "gzip";
  return codings.find((one) => one === name);
}

const defaultWeight = 1;
/** What is not named is acceptable only as it is, and liked less than anything that is named. */
const unnamedIdentityWeight = 0.0001;

function weightOf(weights: ReadonlyMap<string, number>, coding: ContentCoding): number {
  return weights.get(coding) ?? weights.get("*") ?? (coding === "identity" ? unnamedIdentityWeight : 0);
}

function weightsOf(text: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const element of text.split(",")) {
    const [name = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const value = weight === undefined ? defaultWeight : Number(weight);
    if (name !== "" && value >= 0 && value <= 1) weights.set(codingOf(name) ?? name, value);
  }
  return weights;
}
