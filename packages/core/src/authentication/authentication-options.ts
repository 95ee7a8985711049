/** Whether a port asks who sends a request; the same choice for every port. */
import type { KeyTable } from "./api-key.ts";

/** Whether senders have to show who they are. */
export type AuthenticationOptions =
  | { readonly kind: "none" }
  | {
      readonly kind: "required";
      /** The keys that are accepted; see `watchKeys`. */
      readonly keys: KeyTable;
      /** Whether a client certificate that TLS verified is accepted instead, for every namespace and role. */
      readonly clientCertificates: boolean;
    };
