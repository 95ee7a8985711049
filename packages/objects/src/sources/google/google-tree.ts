/** Objects of a bucket of Google Cloud Storage by its JSON API: `objects.list`, `objects.get`, and media pinned to the listed generation. */
import { type Clock, failure } from "@modelyard/core";
import type { GoogleSource } from "../../contract.ts";
import { exchangeFailure } from "../../internal/http-exchange.ts";
import { describeSource } from "../../source.ts";
import { ask, type HttpTree, hexOfBase64, openObject, pageJson, propertyOf, textOf } from "../http-tree.ts";
import type { ListedObject, Page, PageRequest, RemoteTree } from "../remote-tree.ts";
import { AccessTokens } from "./access-token.ts";

/** As many as the puller of ModelMesh fetches at a time. */
const maxParallel = 4;
const defaultEndpoint = "https://storage.googleapis.com";

/** Opens the bucket of a source. */
export function openGoogleTree(source: GoogleSource, deps: { readonly clock: Clock; readonly endpoint: string | undefined }): RemoteTree {
  const label = describeSource(source);
  const endpoint = deps.endpoint ?? defaultEndpoint;
  const tokens = source.credentials && new AccessTokens(source.credentials, { clock: deps.clock, label });
  const authorise = async (): Promise<Record<string, string>> => (tokens ? { authorization: `Bearer ${await tokens.current()}` } : {});
  const tree: HttpTree = { label, authorise };
  const objects = `${endpoint}/storage/v1/b/${encodeURIComponent(source.bucket)}/o`;
  const urlOf = (key: string): URL => new URL(`${objects}/${encodeURIComponent(key)}`);
  return {
    label,
    identity: JSON.stringify(["gcs", endpoint, source.bucket]),
    maxParallel,
    async stat(key, signal) {
      const response = await ask(tree, { url: urlOf(key), signal });
      if (response.status === 200) return parseObject(label, await pageJson(label, response));
      await response.body?.cancel();
      // 401 and 403 are what is answered about an absent object to somebody who may not list.
      if ([401, 403, 404].includes(response.status)) return undefined;
      throw exchangeFailure(
        label,
        failure("SOURCE_UNAVAILABLE", { source: label, why: `the server answered with status ${response.status}` }),
      );
    },
    listPage: (request) => listPage(tree, new URL(objects), request),
    open(object, request) {
      const url = urlOf(object.key);
      url.searchParams.set("alt", "media");
      if (object.version !== undefined) url.searchParams.set("generation", object.version);
      return openObject(tree, { url }, request);
    },
    failureOf: (error) => exchangeFailure(label, error),
    close: () => {},
  };
}

async function listPage(tree: HttpTree, url: URL, { prefix, token, signal }: PageRequest): Promise<Page> {
  url.searchParams.set("prefix", prefix);
  url.searchParams.set("maxResults", "1000");
  url.searchParams.set("fields", "nextPageToken,items(name,size,generation,md5Hash,contentEncoding)");
  if (token !== undefined) url.searchParams.set("pageToken", token);
  const page = await pageJson(tree.label, await ask(tree, { url, signal }));
  const items = propertyOf(page, "items") ?? [];
  if (!Array.isArray(items)) throw failure("SOURCE_REFUSED", { source: tree.label, why: "its listing has another form" });
  return { objects: items.map((item: unknown) => parseObject(tree.label, item)), nextToken: textOf(page, "nextPageToken") };
}

function parseObject(label: string, value: unknown): ListedObject {
  const key = textOf(value, "name");
  const size = textOf(value, "size");
  if (key === undefined || size === undefined || !/^\d+$/.test(size))
    throw failure("SOURCE_REFUSED", { source: label, why: "its listing has another form" });
  const hex = hexOfBase64(textOf(value, "md5Hash"), 16);
  return {
    key,
    sizeBytes: Number(size),
    version: textOf(value, "generation"),
    checksum: hex === undefined ? undefined : { algorithm: "md5", hex },
  };
}
