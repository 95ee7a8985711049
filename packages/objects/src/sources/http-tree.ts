/** What trees over plain HTTP share: requests for JSON or text with a limit, and bodies of objects. */
import { failure } from "@modelyard/core";
import { exchange, openedBody, rangeHeaders, statusFailure } from "../internal/http-exchange.ts";
import type { BodyRequest, OpenedBody } from "../internal/resumable-fetch.ts";

/** Most bytes of one page of a listing. */
const maxPageBytes = 32 * 2 ** 20;

/** Headers for one request; made anew for each, as signatures and tokens age. */
export type HeadersFor = (request: {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}) => Promise<Record<string, string>> | Record<string, string>;

/** A server of one kind of tree. */
export interface HttpTree {
  readonly label: string;
  readonly authorise: HeadersFor;
}

/** Asks; the answer may have any status. */
export async function ask(
  tree: HttpTree,
  request: {
    readonly method?: "GET" | "HEAD";
    readonly url: URL;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly onRedirect?: (response: Response) => void;
  },
): Promise<Response> {
  const { method = "GET", url, headers = {}, signal, onRedirect } = request;
  const authorised = await tree.authorise({ method, url, headers });
  return exchange({
    label: tree.label,
    url: url.href,
    method,
    headers: authorised,
    publicHeaders: headers,
    signal,
    ...(onRedirect ? { onRedirect } : {}),
  });
}

/** The text of a page; a status other than 200 fails, as does a page that is too long. */
export async function pageText(label: string, response: Response): Promise<string> {
  if (response.status !== 200) throw statusFailure(label, response);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxPageBytes)
      throw failure("SOURCE_REFUSED", { source: label, why: `a page of its listing has more than ${maxPageBytes} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The JSON of a page. */
export async function pageJson(label: string, response: Response): Promise<unknown> {
  const text = await pageText(label, response);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failure("SOURCE_REFUSED", { source: label, why: "its listing is not JSON" }, { cause });
  }
}

/** Opens an object at an offset; `conditions` pin its version. */
export async function openObject(
  tree: HttpTree,
  object: { readonly url: URL; readonly conditions?: Readonly<Record<string, string>> },
  { offset, signal }: BodyRequest,
): Promise<OpenedBody> {
  const response = await ask(tree, { url: object.url, headers: { ...rangeHeaders(offset), ...object.conditions }, signal });
  return openedBody(tree.label, response, offset);
}

/** A property of an unknown value, when it is a text. */
export function textOf(value: unknown, name: string): string | undefined {
  const found = propertyOf(value, name);
  return typeof found === "string" ? found : undefined;
}

/** A property of an unknown value. */
export function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

/** Base64 as hexadecimal digits; undefined when it does not have so many bytes. */
export function hexOfBase64(text: string | undefined, lengthBytes: number): string | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.byteLength === lengthBytes ? bytes.toString("hex") : undefined;
}
