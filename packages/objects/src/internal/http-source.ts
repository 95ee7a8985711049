/** One file over HTTP. An interrupted body is continued by range under the validator it began with (RFC 9110 §13.1.5). */
import type { ArtifactSource, IngestOptions } from "../contract.ts";
import { describeSource } from "../source.ts";
import { exchange, exchangeFailure, openedBody, rangeHeaders } from "./http-exchange.ts";
import type { BlobPlaces, PlacedBlob } from "./place-blob.ts";
import { type BodyRequest, fetchResumably, type OpenedBody } from "./resumable-fetch.ts";

/** What a fetch needs. */
export interface HttpFetch extends BlobPlaces {
  readonly source: Extract<ArtifactSource, { kind: "http" }>;
  readonly options: IngestOptions;
  /** More bytes than this are refused. */
  readonly maxBytes: number;
}

/** Fetches to a blob. `name` is the file's name: of the address's last segment. */
export async function fetchHttp(fetching: HttpFetch): Promise<PlacedBlob & { readonly name: string }> {
  const { source, layout, clock, claim, options, maxBytes } = fetching;
  const label = describeSource(source);
  const body = {
    identity: source.url,
    label,
    maxBytes,
    open: (request: BodyRequest) => openHttp(source, request),
    failureOf: (error: unknown) => exchangeFailure(label, error),
  };
  const onBytes = (doneBytes: number, totalBytes: number | undefined): void =>
    options.onProgress?.({ stage: "fetch", doneBytes, ...(totalBytes === undefined ? {} : { totalBytes }) });
  const stored = await fetchResumably(body, { layout, clock, claim, signal: options.signal, onBytes });
  return { ...stored, name: fileName(source.url) };
}

async function openHttp(source: HttpFetch["source"], { offset, validator, signal }: BodyRequest): Promise<OpenedBody> {
  const label = describeSource(source);
  const publicHeaders = offset > 0 && validator !== undefined ? { ...rangeHeaders(offset), "if-range": validator } : {};
  const response = await exchange({
    label,
    url: source.url,
    headers: source.headers ?? {},
    publicHeaders,
    signal,
    ...(source.tls ? { tls: source.tls } : {}),
  });
  return openedBody(label, response, offset);
}

function fileName(url: string): string {
  const segment = decodeSafely(new URL(url).pathname.split("/").at(-1) ?? "");
  const usable = segment.replaceAll(/[^\w.+-]/g, "_");
  return usable === "" || usable === "." || usable === ".." ? "_model" : usable;
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: taken as it stands.
    return text;
  }
}
