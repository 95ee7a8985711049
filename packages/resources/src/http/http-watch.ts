/**
 * A watch over HTTP that outlives its connections: when one ends or breaks it is opened again from the last resource version that was seen, so
 * that nothing is missed or repeated. It ends with `RESOURCE_EXPIRED` when that version is no longer kept, and with `API_UNREACHABLE` after
 * too many failures in a row.
 */
import { resourceNameOf } from "@modelyard/api";
import { failure, PlatformError, type Random, sleep } from "@modelyard/core";
import { backOffMs } from "../back-off.ts";
import type { KubernetesObject, ListOptions, ObjectEvent, ResourceKind } from "../contract.ts";
import { collectionPath } from "../paths.ts";
import { errorOfAnswer } from "../status.ts";
import { causeText, type HttpTarget, requestStream } from "./http-request.ts";
import { jsonLines } from "./json-lines.ts";
import { isRecord, receivedObject } from "./received-object.ts";

/** Longest life of one connection; the server ends it, and the client does if the server has not. */
const connectionSeconds = 300;
/** Failures in a row after which the watch gives up: about 20 seconds. */
const maxFailures = 6;
const reconnect = { baseMs: 200, maxMs: 10_000 };

/** Which watch. */
export interface HttpWatchRequest<T extends KubernetesObject> {
  readonly kind: ResourceKind<T>;
  readonly options: ListOptions;
  readonly resourceVersion: string;
  readonly random: Random;
}

/** Changes after `resourceVersion`, over as many connections as it takes; ends quietly when the signal aborts. */
export async function* httpWatch<T extends KubernetesObject>(
  target: HttpTarget,
  request: HttpWatchRequest<T>,
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const { signal } = request.options;
  let { resourceVersion } = request;
  let failures = 0;
  while (!signal?.aborted) {
    let seen = 0;
    try {
      for await (const event of oneConnection(target, { ...request, resourceVersion })) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        seen++;
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      failures++;
      if (!isUnreachable(error) || failures >= maxFailures) throw error;
    }
    if (seen === 0) await pause(target, { attempt: Math.max(failures, 1), random: request.random, signal });
  }
}

function isUnreachable(error: unknown): boolean {
  return PlatformError.is(error) && error.reason === "API_UNREACHABLE";
}

async function pause(target: HttpTarget, wait: { attempt: number; random: Random; signal: AbortSignal | undefined }): Promise<void> {
  try {
    await sleep(target.clock, backOffMs(reconnect, wait.attempt, wait.random), wait.signal);
  } catch (error) {
    // An aborted wait ends the watch at its next check.
    if (!wait.signal?.aborted) throw error;
  }
}

async function* oneConnection<T extends KubernetesObject>(
  target: HttpTarget,
  request: HttpWatchRequest<T>,
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const { kind, options, resourceVersion } = request;
  const end = new AbortController();
  const timer = target.clock.setTimer((connectionSeconds + 30) * 1000, () => end.abort(), { background: true });
  const signal = options.signal ? AbortSignal.any([options.signal, end.signal]) : end.signal;
  const query = {
    watch: "1",
    resourceVersion,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(connectionSeconds),
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  };
  try {
    const path = collectionPath(kind, options.namespace);
    const body = await requestStream(target, { method: "GET", path, query, timeoutMs: 30_000, signal, kind });
    for await (const line of jsonLines(body, target.url)) yield eventOf(line, { target, request });
  } catch (error) {
    if (PlatformError.is(error)) throw error;
    throw failure("API_UNREACHABLE", { url: target.url, why: causeText(error) }, { cause: error });
  } finally {
    timer.cancel();
    end.abort();
  }
}

function eventOf<T extends KubernetesObject>(
  line: unknown,
  context: { readonly target: HttpTarget; readonly request: HttpWatchRequest<T> },
): ObjectEvent<T> {
  const { kind, resourceVersion } = context.request;
  const { url } = context.target;
  const type = isRecord(line) ? line["type"] : undefined;
  const object = isRecord(line) ? line["object"] : undefined;
  if (type === "ERROR") {
    const code = isRecord(object) && typeof object["code"] === "number" ? object["code"] : 500;
    throw errorOfAnswer(code, object, { url, resource: resourceNameOf(kind), kind: kind.kind, name: "", resourceVersion });
  }
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED" && type !== "BOOKMARK") {
    throw failure("API_REFUSED", { url, status: 200, why: `the watch event type is ${JSON.stringify(type)}` });
  }
  return { type, object: receivedObject(kind, object, url) };
}
