/** Certificates for tests, made as they are needed so that no key is ever committed: X.509 (RFC 5280) in DER (X.690), keys on P-256. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key in PEM. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that issues certificates. */
export interface TestAuthority {
  /** Its own certificate in PEM. */
  readonly certificate: string;
  issue(init: CertificateInit): TestCertificate;
}

/** What a certificate says. */
export interface CertificateInit {
  readonly commonName: string;
  /** Names of hosts. Default none. */
  readonly dnsNames?: readonly string[];
  /** IPv4 addresses. Default none. */
  readonly addresses?: readonly string[];
  /** Default none. */
  readonly uris?: readonly string[];
  /** End of validity, relative to now. Default one day; negative: it has expired. */
  readonly validForMs?: number;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Makes an authority. */
export function testAuthority(commonName = "Test CA"): TestAuthority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { commonName, key: privateKey };
  return {
    certificate: certificateOf({ commonName }, issuer, publicKey),
    issue(init) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const key = pair.privateKey.export({ type: "pkcs8", format: "pem" });
      return { certificate: certificateOf(init, issuer, pair.publicKey), key: key.toString() };
    },
  };
}

interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
}

const tag = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, time: 0x17, sequence: 0x30, set: 0x31 } as const;

/** Object identifiers, encoded. */
const oid = {
  ecdsaWithSha256: element(tag.oid, Buffer.from("2a8648ce3d040302", "hex")),
  commonName: element(tag.oid, Buffer.from("550403", "hex")),
  basicConstraints: element(tag.oid, Buffer.from("551d13", "hex")),
  subjectAltName: element(tag.oid, Buffer.from("551d11", "hex")),
} as const;

const signatureAlgorithm = element(tag.sequence, oid.ecdsaWithSha256);

function certificateOf(init: CertificateInit, issuer: Issuer, publicKey: KeyObject): string {
  const body = element(
    tag.sequence,
    element(0xa0, element(tag.integer, Buffer.from([2]))),
    element(tag.integer, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    signatureAlgorithm,
    nameOf(issuer.commonName),
    validityOf(init.validForMs ?? dayMs),
    nameOf(init.commonName),
    publicKey.export({ type: "spki", format: "der" }),
    extensionsOf(init, init.commonName === issuer.commonName),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, issuer.key)]);
  const der = element(tag.sequence, body, signatureAlgorithm, element(tag.bitString, signature));
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
}

function element(kind: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  if (bytes.length < 0x80) return Buffer.concat([Buffer.from([kind, bytes.length]), bytes]);
  if (bytes.length < 0x100) return Buffer.concat([Buffer.from([kind, 0x81, bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([kind, 0x82, bytes.length >>> 8, bytes.length & 0xff]), bytes]);
}

function nameOf(commonName: string): Buffer {
  const attribute = element(tag.sequence, oid.commonName, element(tag.utf8, Buffer.from(commonName)));
  return element(tag.sequence, element(tag.set, attribute));
}

function validityOf(validForMs: number): Buffer {
  const now = Date.now();
  return element(tag.sequence, timeOf(Math.min(now, now + validForMs) - dayMs), timeOf(now + validForMs));
}

/** UTCTime, `YYMMDDHHMMSSZ`. */
function timeOf(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/[^\d]/g, "");
  return element(tag.time, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function extensionsOf({ dnsNames = [], addresses = [], uris = [] }: CertificateInit, isAuthority: boolean): Buffer {
  const altNames = [
    ...dnsNames.map((name) => element(0x82, Buffer.from(name))),
    ...uris.map((uri) => element(0x86, Buffer.from(uri))),
    ...addresses.map((address) => element(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  const constraints = element(tag.sequence, isAuthority ? Buffer.from([0x01, 0x01, 0xff]) : Buffer.alloc(0));
  const extensions = [element(tag.sequence, oid.basicConstraints, element(tag.octetString, constraints))];
  if (altNames.length > 0) {
    extensions.push(element(tag.sequence, oid.subjectAltName, element(tag.octetString, element(tag.sequence, ...altNames))));
  }
  return element(0xa3, element(tag.sequence, ...extensions));
}
