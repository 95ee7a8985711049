/**
 * What the connections of a TLS server are made with, and how it is replaced while they live: new connections take the new certificate, those
 * that stand are not touched. Sessions are not resumed across a replacement, so that a new client CA holds at once.
 *
 * Invariant: what is current was accepted by OpenSSL; an invalid replacement leaves it as it was.
 */
import type { X509Certificate } from "node:crypto";
import type { TlsOptions as NodeTlsOptions } from "node:tls";
import { failure, nodeCrypto, PlatformError } from "@modelyard/core";
import { nodeTls } from "../socket/node-tls.ts";

/** Whether clients show a certificate: `optional` ones that are shown must be valid, too. */
export type ClientAuth = "none" | "optional" | "required";

/** Options of {@link createTlsContext}; certificates and keys in PEM. */
export interface TlsOptions {
  /** The server's certificate, followed by the intermediate ones. */
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
  /** Issuers of the certificates of clients. */
  readonly clientCa?: string | Buffer;
  /** Default `required` with a `clientCa`, otherwise `none`. */
  readonly clientAuth?: ClientAuth;
}

/** Options that were accepted. */
export interface ResolvedTls {
  readonly clientAuth: ClientAuth;
  /** For `tls.createServer`. */
  readonly serverOptions: NodeTlsOptions;
  /** Common name and end of validity of the server's certificate, for people. */
  readonly subject: string;
  readonly validTo: string;
}

/** Holds what new connections are made with. */
export interface TlsContext {
  readonly current: ResolvedTls;
  /** Takes other options; throws `TLS_CONFIG_INVALID`, and keeps the old ones, when they are not valid. */
  replace(options: TlsOptions): void;
}

/** Creates a context; throws `TLS_CONFIG_INVALID`. */
export function createTlsContext(options: TlsOptions): TlsContext {
  let current = resolveTls(options);
  return {
    get current() {
      return current;
    },
    replace(next) {
      current = resolveTls(next);
    },
  };
}

/** Forward-secret suites with authenticated encryption: what RFC 9113 §9.2.2 does not prohibit. */
const ciphers = [
  ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
  ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
]
  .flat()
  .join(":");

/** Checks options and fills the defaults in. */
function resolveTls(options: TlsOptions): ResolvedTls {
  const { certificate, key, clientCa } = options;
  const { clientAuth = clientCa === undefined ? "none" : "required" } = options;
  if (clientAuth !== "none" && clientCa === undefined) throw invalid(`client certificates are ${clientAuth}, but there is no client CA`);
  const [leaf] = certificatesOf(certificate, "certificate");
  if (clientCa !== undefined) certificatesOf(clientCa, "client CA");
  const trust = clientAuth === "none" || clientCa === undefined ? {} : { ca: clientCa };
  const secrets = { cert: certificate, key, ...trust, ciphers, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" } as const;
  try {
    if (!leaf?.checkPrivateKey(nodeCrypto().createPrivateKey(key))) throw invalid("the key is not that of the certificate");
    nodeTls().createSecureContext(secrets);
  } catch (error) {
    throw PlatformError.is(error) ? error : invalid("the key is not in PEM, or OpenSSL does not accept it or the certificate", error);
  }
  const serverOptions: NodeTlsOptions = {
    ...secrets,
    honorCipherOrder: true,
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: clientAuth !== "none",
    // The acceptor refuses them itself, while it still knows who they are and why.
    rejectUnauthorized: false,
  };
  return { clientAuth, serverOptions, subject: leaf.subject, validTo: leaf.validTo };
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** OpenSSL passes over what it cannot read: each is read here, so that none is missing unnoticed. */
function certificatesOf(pem: string | Buffer, what: string): readonly X509Certificate[] {
  const blocks = pem.toString("latin1").match(pemCertificate) ?? [];
  if (blocks.length === 0) throw invalid(`there is no ${what} in PEM`);
  const { X509Certificate } = nodeCrypto();
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw invalid(`a ${what} cannot be read`, error);
  }
}

function invalid(problem: string, cause?: unknown): Error {
  return failure("TLS_CONFIG_INVALID", { problem }, { cause });
}
