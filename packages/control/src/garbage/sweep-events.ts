/**
 * Removes Events an hour after they happened last, and the oldest when there are too many.
 *
 * Reads Events, writes their deletion; a crash leaves the rest to the next pass.
 */
import { type Event, eventKind } from "@modelyard/api";
import { PlatformError } from "@modelyard/core";
import { keyOf, type StoreResources } from "@modelyard/resources";

/** How long an Event is kept after it happened last. */
export const eventTtlMs = 3_600_000;
/** Most Events that are kept. */
const maxEvents = 10_000;

/** Deletes what is too old, or too much; returns how many. */
export async function sweepEvents(client: StoreResources, nowMs: number): Promise<number> {
  const { items } = await client.list(eventKind);
  const newestFirst = items.toSorted((a, b) => lastSeenMs(b) - lastSeenMs(a));
  const gone = newestFirst.filter((event, index) => index >= maxEvents || lastSeenMs(event) <= nowMs - eventTtlMs);
  for (const event of gone) await remove(client, event);
  return gone.length;
}

function lastSeenMs(event: Event): number {
  const text = event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return text === undefined ? 0 : Date.parse(text) || 0;
}

async function remove(client: StoreResources, event: Event): Promise<void> {
  const { resourceVersion } = event.metadata;
  try {
    // One that happened again in the meantime stays.
    await client.delete(eventKind, keyOf(event), resourceVersion === undefined ? {} : { resourceVersion });
  } catch (error) {
    if (!PlatformError.is(error) || (error.reason !== "RESOURCE_NOT_FOUND" && error.reason !== "RESOURCE_CONFLICT")) throw error;
  }
}
