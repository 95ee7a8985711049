/** Where a request of this port carries its credentials: its head, the same for REST and gRPC, and the certificate of its connection. */
import { type Credentials, readApiKey } from "@modelyard/core";
import type { ConnectionInfo, Exchange } from "@modelyard/wire";

/** Reads the credentials; certificates count only when `clientCertificates` is set. */
export function readCredentials({ head, connection }: Exchange, clientCertificates: boolean): Credentials {
  return { apiKey: readApiKey((name) => head.get(name)), certificateSubject: clientCertificates ? verifiedSubject(connection) : undefined };
}

function verifiedSubject({ tls }: ConnectionInfo): string | undefined {
  return tls?.authorized ? (tls.subject ?? "") : undefined;
}
