/**
 * TLS of a port that this process serves itself: the same files as those of the data port, followed in the same way. Node's own modules only, as
 * everything in the supervisor.
 *
 * Invariant: what is in use was accepted by OpenSSL; files that are not valid leave it as it was.
 */
import { readFileSync, statSync } from "node:fs";
import type { ServerOptions } from "node:https";
import { createSecureContext, type SecureContextOptions, type TLSSocket } from "node:tls";
import { type Clock, failure, type Log, PlatformError, type Timer } from "@modelyard/core";

/** Files in PEM. */
export interface PortTlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
  /** Whether clients show a certificate: `optional` ones that are shown must be valid, too. Default none. */
  readonly clientAuth?: "none" | "optional" | "required";
}

/** What {@link followPortTls} works with. */
export interface PortTlsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Called with what new connections are to be made with. */
  readonly onChange: (secrets: SecureContextOptions) => void;
}

const pollMs = 5_000;
const handshakeTimeoutMs = 10_000;

/** Options of a server that speaks TLS by these files. Throws `TLS_CONFIG_INVALID`. */
export function portTlsOptions(files: PortTlsFiles): ServerOptions {
  return {
    ...readSecrets(files),
    ALPNProtocols: ["http/1.1"],
    requestCert: (files.clientAuth ?? "none") !== "none",
    // Refused afterwards, while it is known who they are and why.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  };
}

/** Looks at the files from time to time; returns what ends it. */
export function followPortTls(files: PortTlsFiles, { clock, log, onChange }: PortTlsDeps): () => void {
  let seen = signatureOf(files);
  let timer: Timer;
  const look = (): void => {
    const now = signatureOf(files);
    if (now !== seen) {
      seen = now;
      try {
        onChange(readSecrets(files));
      } catch (error) {
        const why = PlatformError.from(error).message;
        log.warn("TLS files of the metrics port changed and were not accepted; the certificate loaded before stays in use", { why });
      }
    }
    schedule();
  };
  const schedule = (): void => {
    timer = clock.setTimer(pollMs, look, { background: true });
  };
  schedule();
  return () => timer.cancel();
}

/** Why TLS refuses a client whose handshake succeeded, and who it says it is. */
export function clientRefusal(socket: TLSSocket, { clientAuth = "none" }: PortTlsFiles): { why: string; certificate?: string } | undefined {
  if (clientAuth === "none" || socket.authorized) return undefined;
  const shown = certificateName(socket);
  if (shown !== undefined) return { why: `client certificate: ${String(socket.authorizationError)}`, certificate: shown };
  return clientAuth === "required" ? { why: "no client certificate" } : undefined;
}

/** Subject of the certificate that TLS verified. */
export function verifiedSubject(socket: TLSSocket): string | undefined {
  return socket.authorized ? certificateName(socket) : undefined;
}

/** Its common name, empty when it has none or several; undefined without a certificate. */
function certificateName(socket: TLSSocket): string | undefined {
  if (!socket.getPeerX509Certificate()) return undefined;
  const name: unknown = socket.getPeerCertificate().subject.CN;
  return typeof name === "string" ? name : "";
}

function readSecrets({ certFile, keyFile, clientCaFile }: PortTlsFiles): SecureContextOptions {
  const ca = clientCaFile === undefined ? {} : { ca: read(clientCaFile) };
  const secrets = { cert: read(certFile), key: read(keyFile), ...ca, minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(secrets);
  } catch (error) {
    const problem = "OpenSSL does not accept the certificate, the key or the client CA, or they do not belong together";
    throw failure("TLS_CONFIG_INVALID", { problem }, { cause: error });
  }
  return secrets;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw failure("TLS_CONFIG_INVALID", { problem: `the file "${path}" cannot be read` }, { cause: error });
  }
}

/** Changes whenever a file does; one that is missing has a state, too. */
function signatureOf({ certFile, keyFile, clientCaFile }: PortTlsFiles): string {
  return [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])]
    .map((path) => {
      const state = statSync(path, { throwIfNoEntry: false });
      return state ? `${state.ino} ${state.size} ${state.mtimeMs}` : "missing";
    })
    .join("\n");
}
