/** What TLS established about a connection: its version, and who the client is. */
import type { TLSSocket } from "node:tls";
import type { TlsInfo } from "../message/exchange.ts";

/** Reads it once the handshake is done. */
export function tlsInfoOf(socket: TLSSocket): TlsInfo {
  const protocol = socket.getProtocol() ?? "";
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (!certificate) return { protocol, authorized: false, subjectAltNames: [] };
  const subject: unknown = socket.getPeerCertificate().subject.CN;
  return {
    protocol,
    authorized: true,
    // Several common names are an array: none of them is then the client's name.
    ...(typeof subject === "string" ? { subject } : {}),
    subjectAltNames: splitAltNames(certificate.subjectAltName ?? ""),
    fingerprint256: certificate.fingerprint256,
  };
}

/** Splits `DNS:a, URI:b`; names with special characters are JSON strings, so a name that contains `, DNS:` stays one. */
export function splitAltNames(text: string): readonly string[] {
  return [...text.matchAll(altName)].map(([, kind = "", name = ""]) => `${kind}:${name.startsWith('"') ? String(JSON.parse(name)) : name}`);
}

const altName = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;
