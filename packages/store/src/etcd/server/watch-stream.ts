/**
 * One Watch stream of the server face: many watches, their events in one sequence of responses.
 *
 * Back-pressure: while the connection has enough waiting, no batch is taken from any watch of the stream. What then comes is held by the store, up to
 * the limit of each watch, beyond which the watch is cancelled as compacted; nothing is buffered without end.
 */
import { readMessage, writeMessage } from "@modelyard/codec";
import { failure, PlatformError } from "@modelyard/core";
import type { GrpcCall, GrpcMessageHandlers } from "@modelyard/wire";
import type { Store, Watch, WatchBatch, WatchEvent } from "../../contract.ts";
import { statusOf } from "../protocol/etcd-error.ts";
import { readRange, writeEvent } from "../protocol/key-range.ts";
import {
  noWatchId,
  type WatchCreateRequestMessage,
  type WatchResponseMessage,
  watchFilters,
  watchRequestMessage,
  watchResponseMessage,
} from "../protocol/watch-messages.ts";
import { headerAt } from "./unary-methods.ts";

const maxWatchesPerStream = 10_000;
/** Events of one response, unless a single revision has more. */
const responseEventBytes = 1_048_576;

interface Running {
  readonly watch: Watch;
  /** Every event up to here has been sent. */
  reached: number;
}

/** A response, as far as it is not empty. */
interface Response extends Partial<Pick<WatchResponseMessage, "created" | "canceled" | "compactRevision" | "cancelReason">> {
  readonly watchId: number;
  readonly revision: number;
  readonly events?: readonly WatchEvent[];
}

/** Answers one stream. */
export class WatchStream implements GrpcMessageHandlers {
  readonly #store: Store;
  readonly #call: GrpcCall;
  readonly #onOver: () => void;
  readonly #running = new Map<number, Running>();
  #lastId = 0;
  /** Requests are answered in the order they came: a client that chose no ids tells its watches apart by it. */
  #answered: Promise<void> = Promise.resolve();
  #room: PromiseWithResolvers<void> | undefined;

  /** `onOver` is called when the stream takes no more messages. */
  constructor(store: Store, call: GrpcCall, onOver: () => void) {
    this.#store = store;
    this.#call = call;
    this.#onOver = onOver;
    call.onCancel(() => this.#endAll());
    call.onDrain(() => {
      this.#room?.resolve();
      this.#room = undefined;
    });
  }

  onMessage(message: Uint8Array): void {
    try {
      const { createRequest, cancelRequest, progressRequest } = readMessage(watchRequestMessage, message);
      if (createRequest) this.#create(createRequest);
      else if (cancelRequest) this.#inTurn(() => this.#cancel(cancelRequest.watchId));
      else if (progressRequest) this.#inTurn(() => this.#progress());
    } catch (error) {
      this.#endAll();
      this.#call.fail(PlatformError.from(error));
    }
  }

  onEnd(): void {
    this.#endAll();
    this.#call.finish("OK");
  }

  #create(request: WatchCreateRequestMessage): void {
    const watchId = request.watchId || this.#nextId();
    try {
      const running = this.#open(watchId, request);
      const isWanted = unfiltered(request.filters);
      this.#inTurn(() => this.#announce(watchId, running));
      this.#inTurn(() => void this.#pump(watchId, running, isWanted));
    } catch (error) {
      this.#inTurn(() => this.#refuse(error));
    }
  }

  #inTurn(answer: () => void | Promise<void>): void {
    this.#answered = this.#answered.then(answer);
  }

  #open(watchId: number, request: WatchCreateRequestMessage): Running {
    if (this.#running.has(watchId)) throw failure("STORE_INVALID_REQUEST", { problem: `the watch id ${watchId} is in use` });
    if (this.#running.size >= maxWatchesPerStream) {
      throw failure("LIMIT_EXCEEDED", { what: "Watches on one stream", current: this.#running.size + 1, limit: maxWatchesPerStream });
    }
    const { startRevision, prevKv: previous } = request;
    const running: Running = { watch: this.#store.watch({ range: readRange(request), startRevision, previous }), reached: 0 };
    this.#running.set(watchId, running);
    return running;
  }

  async #announce(watchId: number, running: Running): Promise<void> {
    try {
      running.reached = await running.watch.started;
      this.#send({ watchId, created: true, revision: running.reached });
    } catch {
      // The loop over the watch throws the same, and says it.
    }
  }

  async #pump(watchId: number, running: Running, isWanted: (event: WatchEvent) => boolean): Promise<void> {
    try {
      for await (const batch of running.watch) {
        for (const part of partsOf(batch)) {
          await this.#hasRoom();
          const events = part.events.filter(isWanted);
          if (events.length > 0) this.#send({ watchId, revision: part.revision, events });
          running.reached = part.revision;
        }
      }
    } catch (error) {
      this.#fail(watchId, running, error);
    }
  }

  #fail(watchId: number, running: Running, error: unknown): void {
    this.#running.delete(watchId);
    const known = PlatformError.from(error);
    if (known.reason === "STORE_CLOSED" || known.code === "INTERNAL") {
      this.#endAll();
      this.#call.fail(known);
      return;
    }
    if (known.reason !== "STORE_COMPACTED") return this.#refuse(known);
    const compactRevision = Number(known.details["compactedRevision"]) || 1;
    // A watch is created before it is cancelled, also when it never could begin; the first response says so too, because the second may come later.
    if (running.reached === 0) this.#send({ watchId, created: true, revision: compactRevision, compactRevision });
    this.#send({ watchId, revision: compactRevision, canceled: true, compactRevision, cancelReason: statusOf(known).message });
  }

  /** etcd's way to refuse a create request: created and cancelled at once, under no id. */
  #refuse(error: unknown): void {
    const cancelReason = statusOf(PlatformError.from(error)).message;
    this.#send({ watchId: noWatchId, revision: 0, created: true, canceled: true, cancelReason });
  }

  #cancel(watchId: number): void {
    const running = this.#running.get(watchId);
    if (!running) return;
    this.#running.delete(watchId);
    running.watch.close();
    this.#send({ watchId, revision: running.reached, canceled: true });
  }

  /** Says up to where every watch of the stream has been served; that is behind the store, never ahead of what was sent. */
  #progress(): void {
    const reached = [...this.#running.values()].map((one) => one.reached);
    if (reached.length === 0 || reached.includes(0)) return;
    this.#send({ watchId: noWatchId, revision: Math.min(...reached) });
  }

  #send({ watchId, revision, events = [], ...rest }: Response): void {
    if (this.#call.isOver) return;
    const message: WatchResponseMessage = {
      header: headerAt(revision),
      watchId,
      created: false,
      canceled: false,
      compactRevision: 0,
      cancelReason: "",
      fragment: false,
      ...rest,
      events: events.map(writeEvent),
    };
    const hasRoom = this.#call.send(writeMessage(watchResponseMessage, message));
    if (!hasRoom) this.#room ??= Promise.withResolvers<void>();
  }

  async #hasRoom(): Promise<void> {
    await this.#room?.promise;
  }

  #nextId(): number {
    do this.#lastId++;
    while (this.#running.has(this.#lastId));
    return this.#lastId;
  }

  #endAll(): void {
    for (const { watch } of this.#running.values()) watch.close();
    this.#running.clear();
    this.#room?.resolve();
    this.#onOver();
  }
}

function unfiltered(filters: readonly number[]): (event: WatchEvent) => boolean {
  return ({ kind }) => !filters.includes(watchFilters[kind]);
}

/** Cuts a batch between revisions, so that no response grows much beyond its size. */
function* partsOf({ revision, events }: WatchBatch): Generator<WatchBatch> {
  let part: WatchEvent[] = [];
  let sizeBytes = 0;
  for (const event of events) {
    const last = part.at(-1)?.keyValue.modRevision ?? 0;
    if (sizeBytes >= responseEventBytes && event.keyValue.modRevision > last) {
      yield { revision: last, events: part };
      part = [];
      sizeBytes = 0;
    }
    part.push(event);
    sizeBytes += event.keyValue.value.length + event.keyValue.key.length + (event.previous?.value.length ?? 0);
  }
  yield { revision, events: part };
}
