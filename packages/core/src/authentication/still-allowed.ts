/** Whether what was allowed a while ago still is, for requests that last. Pure. */
import type { KeyTable } from "./api-key.ts";
import type { Principal } from "./authenticate.ts";
import { authorize, type Permission } from "./authorize.ts";

/** What it is judged by. */
export interface PresentState {
  readonly keys: KeyTable;
  /** Wall time. */
  readonly nowMs: number;
}

/** Whether the key of a sender is the same, has not expired, and opens what it opened. Certificates are good for as long as their connection. */
export function isStillAllowed(principal: Principal, permission: Permission, { keys, nowMs }: PresentState): boolean {
  if (principal.kind === "certificate") return true;
  const key = keys.find(principal.key.id);
  if (!key || Buffer.compare(key.digest, principal.key.digest) !== 0) return false;
  if (key.expiresAtMs !== undefined && nowMs >= key.expiresAtMs) return false;
  return authorize({ kind: "key", key }, permission) === undefined;
}
