/** Objects over Kubernetes REST: our API server or a real one. */
import { resourceNameOf } from "@modelyard/api";
import { type Clock, failure, type Random } from "@modelyard/core";
import type { KubernetesObject, ListOptions, ObjectEvent, ObjectList, ResourceClient, ResourceKind } from "../contract.ts";
import { collectionPath, keyOf, namespaceOf, objectPath } from "../paths.ts";
import { type HttpRequest, type HttpTarget, requestJson } from "./http-request.ts";
import { httpWatch } from "./http-watch.ts";
import { isRecord, receivedObject } from "./received-object.ts";
import type { Fetch } from "./trusting-fetch.ts";

/** Options of {@link httpResourceClient}. */
export interface HttpResourceClientOptions {
  /** Base address of the API server: `http://127.0.0.1:8043`. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Sent with every request, for example `authorization`. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest time one request takes, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Default the platform's; see `trustingFetch`. */
  readonly fetch?: Fetch;
}

/** A client of the API server at `url`. It holds nothing open but the watches that are being read. */
export function httpResourceClient(options: HttpResourceClientOptions): ResourceClient {
  const { url, clock, random, headers = {}, requestTimeoutMs: timeoutMs = 30_000, fetch = globalThis.fetch } = options;
  const target: HttpTarget = { url: url.replace(/\/+$/, ""), headers, clock, fetch };
  const one = async <T extends KubernetesObject>(kind: ResourceKind<T>, request: Omit<HttpRequest, "kind" | "timeoutMs">): Promise<T> =>
    receivedObject(kind, await requestJson(target, { ...request, kind, timeoutMs }), target.url);
  const list = async <T extends KubernetesObject>(kind: ResourceKind<T>, given: ListOptions = {}): Promise<ObjectList<T>> => {
    const path = collectionPath(kind, given.namespace);
    const answer = await requestJson(target, { method: "GET", path, query: listQuery(given), kind, timeoutMs, signal: given.signal });
    return receivedList(kind, answer, target.url);
  };
  return {
    get: (kind, key, given = {}) => one(kind, { method: "GET", path: objectPath(kind, key), name: key.name, signal: given.signal }),
    list,
    watch: (kind, given = {}) => watchFrom({ target, random, list }, kind, given),
    create: (kind, object) => {
      const path = collectionPath(kind, namespaceOf(kind, object.metadata));
      return one(kind, { method: "POST", path, body: object, name: object.metadata.name });
    },
    update: (kind, object) => one(kind, { method: "PUT", path: objectPath(kind, keyOf(object)), body: object, name: object.metadata.name }),
    updateStatus: (kind, object) => {
      const path = `${objectPath(kind, keyOf(object))}/status`;
      return one(kind, { method: "PUT", path, body: object, name: object.metadata.name });
    },
    async delete(kind, key, given = {}) {
      // Real servers answer a deletion with a Status for some kinds, so the object is read first, and only that one is deleted.
      const before = await one(kind, { method: "GET", path: objectPath(kind, key), name: key.name });
      const preconditions = {
        uid: before.metadata.uid,
        ...(given.resourceVersion === undefined ? {} : { resourceVersion: given.resourceVersion }),
      };
      const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions };
      const answer = await requestJson(target, { method: "DELETE", path: objectPath(kind, key), body, kind, timeoutMs, name: key.name });
      return isRecord(answer) && answer["kind"] === "Status" ? before : receivedObject(kind, answer, target.url);
    },
  };
}

interface WatchContext {
  readonly target: HttpTarget;
  readonly random: Random;
  readonly list: <T extends KubernetesObject>(kind: ResourceKind<T>, given?: ListOptions) => Promise<ObjectList<T>>;
}

async function* watchFrom<T extends KubernetesObject>(
  context: WatchContext,
  kind: ResourceKind<T>,
  given: ListOptions & { readonly resourceVersion?: string },
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  let { resourceVersion } = given;
  if (resourceVersion === undefined) {
    const { limit: _limit, continue: _continue, ...all } = given;
    const present = await untilAborted(context.list(kind, all), given.signal);
    if (!present) return;
    for (const object of present.items) yield { type: "ADDED", object };
    resourceVersion = present.resourceVersion;
  }
  yield* httpWatch(context.target, { kind, options: given, resourceVersion, random: context.random });
}

/** A wait that the caller ended has no outcome; every other failure is passed on. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

function listQuery(options: ListOptions): Readonly<Record<string, string | undefined>> {
  const { labelSelector, fieldSelector, limit, continue: token } = options;
  return { labelSelector, fieldSelector, limit: limit === undefined ? undefined : String(limit), continue: token };
}

function receivedList<T extends KubernetesObject>(kind: ResourceKind<T>, answer: unknown, url: string): ObjectList<T> {
  const metadata = isRecord(answer) && isRecord(answer["metadata"]) ? answer["metadata"] : {};
  const items: unknown = isRecord(answer) ? answer["items"] : undefined;
  const { resourceVersion, continue: token } = metadata;
  if (!Array.isArray(items) || typeof resourceVersion !== "string") {
    throw failure("API_REFUSED", { url, status: 200, why: `the answer is no list of ${resourceNameOf(kind)}` });
  }
  return {
    items: items.map((item: unknown) => receivedObject(kind, item, url)),
    resourceVersion,
    ...(typeof token === "string" && token !== "" ? { continue: token } : {}),
  };
}
