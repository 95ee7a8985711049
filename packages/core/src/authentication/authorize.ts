/** What an authenticated sender may ask. Pure. */
import { failure, type PlatformError } from "../platform-error.ts";
import { type ApiKeyRole, systemNamespace } from "./api-key.ts";
import type { Principal } from "./authenticate.ts";

/** What a request needs. */
export interface Permission {
  /** Namespace it is about; undefined: none, as with the metadata of the server. */
  readonly namespace: string | undefined;
  readonly role: ApiKeyRole;
}

/** The refusal, or undefined when the sender may. Whether the namespace exists makes no difference. */
export function authorize(principal: Principal, { namespace, role }: Permission): PlatformError | undefined {
  if (principal.kind === "certificate") return undefined;
  const { id: keyId, namespace: own, role: ownRole } = principal.key;
  if (namespace !== undefined && own !== systemNamespace && own !== namespace) {
    return failure("NAMESPACE_NOT_ALLOWED", { namespace }, { internal: { why: "key of another namespace", keyId, keyNamespace: own } });
  }
  if (role === "admin" && ownRole !== "admin") {
    return failure("ROLE_NOT_ALLOWED", { needed: role, actual: ownRole }, { internal: { why: "key of a lesser role", keyId } });
  }
  return undefined;
}
