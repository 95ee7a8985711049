/**
 * Files of a repository by the HTTP API of the Hugging Face Hub: the tree of a revision, whose pages follow by `Link` (RFC 8288), and files by `resolve`, which
 * redirects to other hosts; the token is sent to the hub only. The revision is resolved to its commit first, so that all files are of one version.
 */
import { failure } from "@modelyard/core";
import type { HuggingFaceSource } from "../../contract.ts";
import type { Checksum } from "../../internal/checksum.ts";
import { exchangeFailure, numberOf, statusFailure } from "../../internal/http-exchange.ts";
import type { BodyRequest, OpenedBody } from "../../internal/resumable-fetch.ts";
import { describeSource } from "../../source.ts";
import { ask, type HttpTree, openObject, pageJson, propertyOf, textOf } from "../http-tree.ts";
import type { ListedObject, Page, PageRequest, RemoteTree } from "../remote-tree.ts";

const maxParallel = 8;
const defaultEndpoint = "https://huggingface.co";

/** Opens the repository of a source. */
export function openHubTree(source: HuggingFaceSource, deps: { readonly endpoint: string | undefined }): RemoteTree {
  const label = describeSource(source);
  const endpoint = (deps.endpoint ?? defaultEndpoint).replace(/\/$/, "");
  const authorise = (): Record<string, string> => (source.token ? { authorization: `Bearer ${source.token.reveal()}` } : {});
  const hub = new Hub({ tree: { label, authorise }, source, endpoint });
  return {
    label,
    identity: JSON.stringify(["hf", endpoint, source.repository]),
    maxParallel,
    stat: (key, signal) => hub.stat(key, signal),
    listPage: (request) => hub.listPage(request),
    open: (object, request) => hub.open(object, request),
    failureOf: (error) => exchangeFailure(label, error),
    close: () => {},
  };
}

interface HubParts {
  readonly tree: HttpTree;
  readonly source: HuggingFaceSource;
  readonly endpoint: string;
}

/** One repository in one version. */
class Hub {
  readonly #parts: HubParts;
  #commit: string | undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  async stat(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    const { tree } = this.#parts;
    const url = await this.#resolveUrl(key, signal);
    let linked: Headers | undefined;
    const response = await ask(tree, { method: "HEAD", url, signal, onRedirect: ({ headers }) => (linked ??= headers) });
    if ([401, 403, 404].includes(response.status)) return undefined;
    if (response.status !== 200) throw statusFailure(tree.label, response);
    const oid = (linked?.get("x-linked-etag") ?? response.headers.get("x-linked-etag") ?? response.headers.get("etag") ?? "").replaceAll(
      /^W\/|"/g,
      "",
    );
    const size = linked?.get("x-linked-size") ?? response.headers.get("x-linked-size") ?? response.headers.get("content-length");
    const sizeBytes = numberOf(size);
    return sizeBytes === undefined ? undefined : { key, sizeBytes, version: oid === "" ? undefined : oid, checksum: checksumOf(oid) };
  }

  async listPage({ prefix, token, signal }: PageRequest): Promise<Page> {
    const { tree, source, endpoint } = this.#parts;
    const folder = prefix === "" ? "" : `/${encoded(prefix.replace(/\/$/, ""))}`;
    const first = new URL(`${endpoint}/api/models/${source.repository}/tree/${await this.#commitOf(signal)}${folder}`);
    first.searchParams.set("recursive", "true");
    const url = token === undefined ? first : this.#nextUrl(token);
    const response = await ask(tree, { url, signal });
    if (response.status === 404 && prefix !== "") return { objects: [], nextToken: undefined };
    const entries = await pageJson(tree.label, response);
    if (!Array.isArray(entries)) throw failure("SOURCE_REFUSED", { source: tree.label, why: "its listing has another form" });
    const objects = entries.flatMap((entry: unknown) => (textOf(entry, "type") === "file" ? [this.#parseFile(entry)] : []));
    return { objects, nextToken: nextLink(response) };
  }

  async open(object: ListedObject, request: BodyRequest): Promise<OpenedBody> {
    const { tree } = this.#parts;
    return openObject(tree, { url: await this.#resolveUrl(object.key, request.signal) }, request);
  }

  /** The token of the next page is an address: one of another server is not asked. */
  #nextUrl(token: string): URL {
    const { tree, endpoint } = this.#parts;
    const url = URL.parse(token, endpoint);
    if (url?.origin === new URL(endpoint).origin) return url;
    throw failure("SOURCE_REFUSED", { source: tree.label, why: "its listing goes on at another server" });
  }

  #parseFile(entry: unknown): ListedObject {
    const key = textOf(entry, "path");
    const large = propertyOf(entry, "lfs");
    const oid = textOf(large, "oid") ?? textOf(entry, "oid") ?? "";
    const size = propertyOf(large, "size") ?? propertyOf(entry, "size");
    if (key === undefined || typeof size !== "number")
      throw failure("SOURCE_REFUSED", { source: this.#parts.tree.label, why: "its listing has another form" });
    return { key, sizeBytes: size, version: oid === "" ? undefined : oid, checksum: checksumOf(oid) };
  }

  async #resolveUrl(key: string, signal: AbortSignal): Promise<URL> {
    const { endpoint, source } = this.#parts;
    return new URL(`${endpoint}/${source.repository}/resolve/${await this.#commitOf(signal)}/${encoded(key)}`);
  }

  async #commitOf(signal: AbortSignal): Promise<string> {
    if (this.#commit !== undefined) return this.#commit;
    const { tree, source, endpoint } = this.#parts;
    const revision = encodeURIComponent(source.revision ?? "main");
    const response = await ask(tree, { url: new URL(`${endpoint}/api/models/${source.repository}/revision/${revision}`), signal });
    const commit = textOf(await pageJson(tree.label, response), "sha");
    if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit))
      throw failure("SOURCE_REFUSED", { source: tree.label, why: "the hub gives no commit for its revision" });
    this.#commit = commit;
    return commit;
  }
}

function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Large files are named by the sha256 of their bytes, the others by their Git blob. */
function checksumOf(oid: string): Checksum | undefined {
  if (/^[0-9a-f]{64}$/.test(oid)) return { algorithm: "sha256", hex: oid };
  return /^[0-9a-f]{40}$/.test(oid) ? { algorithm: "git-blob", hex: oid } : undefined;
}

/** The address after which `rel="next"` stands. */
function nextLink({ headers }: Response): string | undefined {
  return /<([^<>]+)>\s*;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];
}
