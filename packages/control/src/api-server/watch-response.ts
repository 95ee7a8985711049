/**
 * The body of a watch: one JSON event a line, until its time is over, the client goes, or history is lost (an ERROR event with status 410).
 * A client that does not read holds back only itself: the store ends its watch when too much waits.
 */
import type { ServerResponse } from "node:http";
import { apiVersionOf, type KindDefinition } from "@modelyard/api";
import { type Clock, failure, PlatformError } from "@modelyard/core";
import { type KubernetesObject, type ListOptions, type ObjectEvent, type ResourceClient, statusOfError } from "@modelyard/resources";
import type { Representation } from "./representation.ts";

/** A watch request. */
export interface WatchRequest {
  readonly kind: KindDefinition;
  readonly options: ListOptions;
  /** "" or "0": first what there is, then what changes. */
  readonly resourceVersion: string;
  readonly timeoutMs: number;
  readonly allowBookmarks: boolean;
  /** A bookmark says when everything present at the start was sent (`sendInitialEvents=true`). */
  readonly marksInitialEvents: boolean;
  readonly representation: Representation;
}

/** What a watch is given. */
export interface WatchDeps {
  readonly client: ResourceClient;
  readonly clock: Clock;
  /** Ends every watch when the server closes. */
  readonly signal: AbortSignal;
}

/** Streams a watch; resolves when it is over. Failures before the first byte are thrown, later ones are the last event. */
export async function sendWatch(response: ServerResponse, request: WatchRequest, deps: WatchDeps): Promise<void> {
  const { kind, timeoutMs, representation } = request;
  const end = new AbortController();
  const timer = deps.clock.setTimer(timeoutMs, () => end.abort(), { background: true });
  response.on("close", () => end.abort());
  const signal = AbortSignal.any([end.signal, deps.signal]);
  const send = (type: string, object: object): Promise<void> => sendLine(response, { type, object }, signal);
  try {
    const events = eventsOf(deps.client, { ...request, options: { ...request.options, signal } });
    let last = request.resourceVersion;
    for await (const event of startingWith(response, events)) {
      last = event.object.metadata.resourceVersion ?? last;
      if (event.type === "BOOKMARK") await send("BOOKMARK", event.object);
      else await send(event.type, representation.one(event.object));
    }
    if (request.allowBookmarks && last !== "" && last !== "0" && !response.destroyed) await send("BOOKMARK", bookmark(kind, last));
  } catch (error) {
    if (!response.headersSent) throw error;
    if (!signal.aborted) await send("ERROR", statusOfError(PlatformError.from(error)));
  } finally {
    timer.cancel();
    // Without a head the failure is answered by the server's error handler.
    if (response.headersSent) response.end();
  }
}

/** Sends the head as soon as the watch is known to be possible: with its first event, or when nothing has come at once. */
async function* startingWith<T>(response: ServerResponse, events: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const begin = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    response.flushHeaders();
  };
  const first = events.next();
  const isLate = await Promise.race([
    first.then(() => false),
    new Promise<boolean>((resolve) => setImmediate(() => setImmediate(() => resolve(true)))),
  ]);
  if (isLate) begin();
  const result = await first;
  begin();
  if (result.done) return;
  yield result.value;
  yield* events;
}

async function* eventsOf(client: ResourceClient, request: WatchRequest): AsyncGenerator<ObjectEvent<KubernetesObject>, void, undefined> {
  const { kind, options, resourceVersion, marksInitialEvents } = request;
  const isFromStart = resourceVersion === "" || resourceVersion === "0";
  let from = resourceVersion;
  if (isFromStart || marksInitialEvents) {
    const present = await client.list(kind, options);
    from = present.resourceVersion;
    for (const object of present.items) yield { type: "ADDED", object };
    if (marksInitialEvents) yield { type: "BOOKMARK", object: bookmark(kind, from, { "k8s.io/initial-events-end": "true" }) };
  }
  yield* client.watch(kind, { ...options, resourceVersion: from });
}

function bookmark(kind: KindDefinition, resourceVersion: string, annotations?: Readonly<Record<string, string>>): KubernetesObject {
  const metadata = { name: "", resourceVersion, ...(annotations ? { annotations } : {}) };
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
}

function sendLine(response: ServerResponse, event: object, signal: AbortSignal): Promise<void> {
  if (response.write(`${JSON.stringify(event)}\n`) || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    response.once("drain", go);
    signal.addEventListener("abort", go, { once: true });
  });
}

/** Bounds how many watches run at a time. */
export class WatchLimit {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs a watch, or refuses it with `LIMIT_EXCEEDED`. */
  async run(watch: () => Promise<void>): Promise<void> {
    if (this.#open >= this.#max)
      throw failure("LIMIT_EXCEEDED", { what: "The number of watches", current: this.#open + 1, limit: this.#max });
    this.#open++;
    try {
      await watch();
    } finally {
      this.#open--;
    }
  }
}
