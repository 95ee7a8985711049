/** Keys of who may connect, and what is recorded of it. */
import { type ConfigKey, choiceKey, fileKey, textKey } from "./key-kinds.ts";

/** Whether clients show a certificate. */
export type ClientCertificates = "none" | "optional" | "required";

/** The part of the configuration that decides who may connect. */
export interface SecurityConfig {
  /** PEM; empty: cleartext. */
  readonly tlsCertFile: string;
  readonly tlsKeyFile: string;
  /** PEM; empty: no client certificates. */
  readonly tlsClientCaFile: string;
  readonly clientCertificates: ClientCertificates;
  readonly authentication: "none" | "required";
  readonly accessLog: "off" | "errors" | "all";
  /** Origins separated by commas, `*`, or `none`; see {@link originsOf}. */
  readonly corsOrigins: string;
}

/** An origin as browsers send it (RFC 6454 §6.2). */
const originText = /^https?:\/\/[a-z0-9.[\]:-]+$/;

/** What `corsOrigins` says: a list, empty for `none`. */
export function originsOf(corsOrigins: string): readonly string[] {
  return corsOrigins === "none" ? [] : corsOrigins.split(",");
}

/** Keys of {@link SecurityConfig}. */
export const securityKeys: { readonly [P in keyof SecurityConfig]: ConfigKey<SecurityConfig[P]> } = {
  tlsCertFile: fileKey({
    name: "tlsCert",
    meaning: "Certificate of the server in PEM, followed by intermediate ones and read anew when it changes; with it every port speaks TLS",
  }),
  tlsKeyFile: fileKey({ name: "tlsKey", meaning: "Private key of that certificate in PEM" }),
  tlsClientCaFile: fileKey({ name: "tlsClientCa", meaning: "Issuers of the certificates of clients in PEM" }),
  clientCertificates: choiceKey({
    name: "clientCertificates",
    meaning: "Whether clients show a certificate: none, optional or required; one that is valid opens every namespace",
    placeholder: "WHEN",
    choices: ["none", "optional", "required"],
    defaultOf: () => "none",
  }),
  authentication: choiceKey({
    name: "authentication",
    meaning: "Whether requests need an API key, or a client certificate",
    choices: ["none", "required"],
    defaultOf: () => "none",
  }),
  accessLog: choiceKey({
    name: "accessLog",
    meaning: "Which answers are recorded in logs/access-*.log; refused credentials always are",
    choices: ["off", "errors", "all"],
    defaultOf: () => "off",
  }),
  corsOrigins: {
    ...textKey({
      name: "corsOrigins",
      meaning: "Origins of web pages that may send requests to the data port, separated by commas; * for all of them",
      placeholder: "ORIGINS",
      defaultOf: () => "none",
    }),
    parse: parseOrigins,
    wanted: "origins such as https://app.example separated by commas, * or none",
  },
};

function parseOrigins(text: string): string | undefined {
  const origins = text.split(",").map((one) => one.trim());
  const isValid = text.trim() === "none" || origins.every((one) => one === "*" || originText.test(one));
  return isValid ? origins.join(",") : undefined;
}
