/**
 * Records what happened to objects as Events. The same thing happening again raises the count of one Event: its name is a hash of what it says, so
 * this holds across restarts. Recording never fails or delays the caller: what cannot be written is logged and dropped.
 */
import { createHash } from "node:crypto";
import { type Event, eventKind } from "@modelyard/api";
import { type Clock, type Log, PlatformError } from "@modelyard/core";
import type { KubernetesObject, ResourceClient } from "../contract.ts";
import { timestamp } from "../store/store-resources.ts";

/** What happened. */
export interface Happening {
  readonly type: "Normal" | "Warning";
  /** One word in CamelCase: `Fetched`. */
  readonly reason: string;
  /** A sentence; cut at 1,024 characters. */
  readonly message: string;
}

/** Options of {@link eventRecorder}. */
export interface EventRecorderOptions {
  readonly client: ResourceClient;
  /** Who reports: `modelyard-control`. */
  readonly component: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Most events waiting to be written; more are dropped. Default 5,000: what a thousand services tell while they are deployed at once. */
  readonly maxPending?: number;
}

/** Where happenings go. */
export interface EventRecorder {
  record(object: KubernetesObject, happening: Happening): void;
  /** Waits until what was recorded is written; idempotent. */
  close(): Promise<void>;
}

interface Pending {
  readonly event: Event;
  times: number;
}

const maxMessageChars = 1024;

/** A recorder that writes through `client`. */
export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, log, maxPending = 5_000 } = options;
  const pending = new Map<string, Pending>();
  let writing: Promise<void> | undefined;
  /** Since the last time that nothing waited. */
  let dropped = 0;
  const drop = (fields: { readonly reason: string; readonly object: string }): void => {
    // Said once a flood, not for each.
    if (dropped === 0) log.warn("Events are dropped because too many wait", fields);
    dropped++;
  };
  const writeAll = async (): Promise<void> => {
    for (const [id, one] of pending) {
      pending.delete(id);
      await write(options, one);
    }
    if (dropped > 0) log.warn("Events were dropped", { dropped });
    dropped = 0;
    writing = undefined;
  };
  return {
    record(object, happening) {
      const event = eventOf(object, happening, { component: options.component, now: timestamp(clock.nowMs()) });
      const id = `${event.metadata.namespace ?? ""}/${event.metadata.name}`;
      const known = pending.get(id);
      if (known) known.times++;
      else if (pending.size < maxPending) pending.set(id, { event, times: 1 });
      else drop({ reason: happening.reason, object: object.metadata.name });
      writing ??= Promise.resolve().then(writeAll);
    },
    async close() {
      while (writing) await writing;
    },
  };
}

async function write({ client, log }: EventRecorderOptions, { event, times }: Pending): Promise<void> {
  try {
    const known = await existing(client, event);
    if (!known) await client.create(eventKind, { ...event, count: times });
    else await client.update(eventKind, { ...known, count: (known.count ?? 1) + times, ...lastSeen(event) });
  } catch (error) {
    log.warn("An event could not be written", { reason: PlatformError.from(error).reason, event: event.reason });
  }
}

function lastSeen({ lastTimestamp }: Event): Pick<Event, "lastTimestamp"> {
  return lastTimestamp === undefined ? {} : { lastTimestamp };
}

async function existing(client: ResourceClient, event: Event): Promise<Event | undefined> {
  try {
    return await client.get(eventKind, { namespace: event.metadata.namespace ?? "default", name: event.metadata.name });
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return undefined;
    throw error;
  }
}

function eventOf(object: KubernetesObject, happening: Happening, facts: { readonly component: string; readonly now: string }): Event {
  const { name, namespace = "default", uid = "" } = object.metadata;
  const { type, reason } = happening;
  const message = happening.message.slice(0, maxMessageChars);
  const hash = createHash("sha256")
    .update(JSON.stringify([object.kind, uid, type, reason, message]))
    .digest("hex")
    .slice(0, 16);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 230).replace(/[.-]+$/, "")}.${hash}`, namespace },
    involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: facts.now,
    lastTimestamp: facts.now,
    source: { component: facts.component },
    reportingComponent: facts.component,
  };
}
