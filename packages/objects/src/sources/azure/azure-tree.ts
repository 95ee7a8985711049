/** Blobs of a container of Azure Blob Storage by its REST API: List Blobs, Get Blob Properties, and Get Blob pinned to the listed ETag. */
import type { Clock } from "@modelyard/core";
import type { AzureSource } from "../../contract.ts";
import { exchangeFailure, numberOf, statusFailure } from "../../internal/http-exchange.ts";
import { describeSource } from "../../source.ts";
import { ask, type HttpTree, hexOfBase64, openObject, pageText } from "../http-tree.ts";
import type { ListedObject, Page, PageRequest, RemoteTree } from "../remote-tree.ts";
import { azureHeaders, withSignature } from "./azure-authorisation.ts";
import { parseBlobList } from "./blob-list.ts";

const maxParallel = 8;

/** What opening needs. */
export interface AzureDeps {
  readonly clock: Clock;
  readonly endpoint: string | undefined;
  readonly loginEndpoint: string | undefined;
}

/** Opens the container of a source. */
export function openAzureTree(source: AzureSource, { clock, endpoint, loginEndpoint }: AzureDeps): RemoteTree {
  const label = describeSource(source);
  const tree: HttpTree = { label, authorise: azureHeaders(source, { clock, label, loginEndpoint }) };
  const base =
    source.endpoint ?? (endpoint === undefined ? `https://${source.account}.blob.core.windows.net` : `${endpoint}/${source.account}`);
  const container = `${base.replace(/\/$/, "")}/${source.container}`;
  const urlOf = (key: string): URL =>
    withSignature(new URL(`${container}/${key.split("/").map(encodeURIComponent).join("/")}`), source.credentials);
  return {
    label,
    identity: JSON.stringify(["azure", base, source.container]),
    maxParallel,
    async stat(key, signal) {
      const response = await ask(tree, { method: "HEAD", url: urlOf(key), signal });
      if (response.status === 200) return propertiesOf(key, response);
      // 401, 403 and 409 are what is answered about what somebody may not see.
      if ([401, 403, 404, 409].includes(response.status)) return undefined;
      throw statusFailure(label, response);
    },
    listPage: (request) => listPage(tree, withSignature(new URL(container), source.credentials), request),
    open(object, request) {
      const conditions = object.version === undefined ? {} : { "if-match": object.version };
      return openObject(tree, { url: urlOf(object.key), conditions }, request);
    },
    failureOf: (error) => exchangeFailure(label, error),
    close: () => {},
  };
}

async function listPage(tree: HttpTree, url: URL, { prefix, token, signal }: PageRequest): Promise<Page> {
  url.searchParams.set("restype", "container");
  url.searchParams.set("comp", "list");
  url.searchParams.set("prefix", prefix);
  if (token !== undefined) url.searchParams.set("marker", token);
  return parseBlobList(tree.label, await pageText(tree.label, await ask(tree, { url, signal })));
}

function propertiesOf(key: string, { headers }: Response): ListedObject {
  const hex = hexOfBase64(headers.get("content-md5") ?? undefined, 16);
  const isFolder = headers.get("x-ms-meta-hdi_isfolder") === "true";
  const sizeBytes = isFolder ? 0 : (numberOf(headers.get("content-length")) ?? 0);
  return { key, sizeBytes, version: headers.get("etag") ?? undefined, checksum: hex === undefined ? undefined : { algorithm: "md5", hex } };
}
