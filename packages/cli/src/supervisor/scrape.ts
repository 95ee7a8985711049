/** A scrape of the metrics port as it is shown to the process that knows the keys, and what that says. */
import type { PublicError } from "@modelyard/core";

/** What there is to judge: a request, or a client that TLS itself refuses, which is judged already and only recorded. */
export type Scrape =
  | {
      readonly kind: "request";
      readonly remote: string;
      readonly method: string;
      readonly target: string;
      /** Those of {@link scrapeFields} that it has. */
      readonly fields: Readonly<Record<string, string>>;
      /** Subject of the client certificate that TLS verified. */
      readonly certificate?: string;
    }
  | {
      readonly kind: "handshake";
      readonly remote: string;
      readonly why: string;
      /** Subject of the certificate that was not accepted. */
      readonly certificate?: string;
    };

/** Header fields that credentials and the access log are read from. */
export const scrapeFields: readonly string[] = ["authorization", "modelyard-api-key", "x-request-id", "traceparent", "user-agent"];

/** Whether it is answered. */
export type ScrapeVerdict = { readonly kind: "granted" } | { readonly kind: "refused"; readonly error: PublicError };
