/** Identities of new objects. */
import { type Random, randomInteger } from "@modelyard/core";

/** A version 4 UUID (RFC 9562 §5.4) from the given source; unique, not secret. */
export function randomUid(random: Random): string {
  const bytes = Array.from({ length: 16 }, () => randomInteger(random, 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Letters and digits that make no words, as Kubernetes ends generated names with. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Five characters for a generated name. */
export function randomNameSuffix(random: Random): string {
  return Array.from({ length: 5 }, () => suffixAlphabet[randomInteger(random, suffixAlphabet.length)]).join("");
}
