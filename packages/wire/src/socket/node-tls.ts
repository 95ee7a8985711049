/** Node's TLS, loaded by the first who speaks it: most servers here do not, and it takes 4 MiB of each process. */
import type * as Tls from "node:tls";

/** The module `node:tls`. */
export function nodeTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}
