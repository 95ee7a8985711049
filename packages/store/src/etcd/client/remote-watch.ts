/** One watch of an etcd server, across any number of streams. */
import { failure } from "@modelyard/core";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../../contract.ts";
import { EventBuffer } from "../../mvcc/event-buffer.ts";
import { defaultMaxBufferedEvents } from "../../request-checks.ts";
import { readEvent, writeRange } from "../protocol/key-range.ts";
import type { WatchRequestMessage, WatchResponseMessage } from "../protocol/watch-messages.ts";

/** The multiplexer is its only writer. */
export class RemoteWatch implements Watch {
  readonly started: Promise<number>;
  readonly #watchId: number;
  readonly #request: WatchRequest;
  readonly #buffer: EventBuffer;
  readonly #onEnd: () => void;
  readonly #starting: PromiseWithResolvers<number> = Promise.withResolvers<number>();
  /** First revision that has not been given; 0 until the server has said where it stands. */
  #nextRevision: number;
  /** The highest revision the server has told of. */
  #knownRevision = 0;
  #fragments: WatchEvent[] = [];

  constructor(watchId: number, request: WatchRequest, onEnd: () => void) {
    this.#watchId = watchId;
    this.#request = request;
    this.#onEnd = onEnd;
    this.#nextRevision = request.startRevision ?? 0;
    this.#buffer = new EventBuffer(request.maxBufferedEvents ?? defaultMaxBufferedEvents, () => this.close());
    this.started = this.#starting.promise;
    // Iterating throws the same error, so a caller need not look at `started`.
    this.started.catch(() => {});
  }

  /** Asks for what has not been given yet. */
  createRequest(): WatchRequestMessage {
    this.#fragments = [];
    return {
      createRequest: {
        ...writeRange(this.#request.range),
        startRevision: this.#nextRevision,
        progressNotify: false,
        filters: [],
        prevKv: this.#request.previous ?? false,
        watchId: this.#watchId,
        fragment: true,
      },
    };
  }

  /** Takes a response that is meant for this watch. */
  receive(response: WatchResponseMessage): void {
    const revision = response.header?.revision ?? 0;
    if (response.canceled || response.compactRevision > 0) return this.#canceled(response);
    if (response.created) return this.#created(revision);
    this.#knownRevision = Math.max(this.#knownRevision, revision);
    for (const event of response.events) this.#fragments.push(readEvent(event));
    if (!response.fragment) this.#deliver();
  }

  fail(error: unknown): void {
    this.#starting.reject(error);
    this.#buffer.fail(error);
    this.#onEnd();
  }

  close(): void {
    this.#buffer.close();
    this.#starting.reject(failure("CANCELLED", { what: "The watch" }));
    this.#onEnd();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this.#buffer;
  }

  #created(revision: number): void {
    // It knew more once: another store, or one brought back from a copy. What was seen since is not its history.
    if (revision < this.#knownRevision) return this.#lost(revision);
    this.#knownRevision = revision;
    this.#nextRevision ||= revision + 1;
    this.#starting.resolve(revision);
  }

  #canceled({ compactRevision, cancelReason }: WatchResponseMessage): void {
    if (compactRevision > 0) return this.#lost(compactRevision);
    throw failure("STORE_UNAVAILABLE", { why: `it ended a watch: ${cancelReason || "no reason given"}` });
  }

  #deliver(): void {
    const events = this.#fragments.filter(({ keyValue }) => keyValue.modRevision >= this.#nextRevision);
    this.#fragments = [];
    const last = events.at(-1)?.keyValue.modRevision;
    if (last === undefined) return;
    if (!this.#buffer.push({ revision: last, events })) return this.#lost(last);
    this.#nextRevision = last + 1;
  }

  #lost(compactedRevision: number): void {
    this.fail(failure("STORE_COMPACTED", { revision: this.#nextRevision, compactedRevision }));
  }
}
