/**
 * Node's crypto, loaded by the first who needs it: it takes 2 MiB of each process, and a serving process without keys and TLS needs it for nothing.
 * What such a process may reach asks here; `tools/check/layers.ts` refuses an import.
 */
import type * as Crypto from "node:crypto";

/** The module `node:crypto`. */
export function nodeCrypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
