/** The line of a TLS handshake that failed: nobody asked anything, so it says only who tried and why that ended. */
import { type AccessRecord, boundedText } from "./access-record.ts";

/** A handshake that failed. */
export interface FailedHandshakeFacts {
  /** Which port it was on. */
  readonly face: AccessRecord["face"];
  readonly remote: string;
  readonly why: string;
  /** Subject of a certificate that was not accepted. */
  readonly certificate?: string | undefined;
  readonly endedMs: number;
}

/** Its record. */
export function failedHandshakeRecord({ face, remote, why, certificate, endedMs }: FailedHandshakeFacts): AccessRecord {
  return {
    time: new Date(endedMs).toISOString(),
    remote,
    protocol: "tls",
    face,
    method: "",
    path: "",
    status: 0,
    code: "UNAUTHENTICATED",
    why: boundedText(why),
    durationMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    ...(certificate === undefined ? {} : { certificate: boundedText(certificate) }),
  };
}
