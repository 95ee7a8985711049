/** Makes API keys. */
import { nodeCrypto } from "../node-crypto.ts";

/** Bytes of a secret: 43 characters of base64url. */
const secretBytes = 32;
/** Of an id: 16 characters, so that two keys never share one. */
const idBytes = 8;

/** A key that nobody else has, `myk_ID_SECRET`. Its randomness is the system's, whatever a caller's `Random` is: it is a secret. */
export function newApiKey(): string {
  const { randomBytes } = nodeCrypto();
  return `myk_${randomBytes(idBytes).toString("hex")}_${randomBytes(secretBytes).toString("base64url")}`;
}
