/** What the process of the fuzzed server says to the fuzzer. */
import type { WireServer } from "@modelyard/wire";
import type { EventLoopWatch } from "./event-loop-watch.ts";

/** What it says of itself when it is asked. */
export interface FuzzServerFigures {
  readonly kind: "figures";
  /** Heap and memory outside of it, after garbage collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** What keeps the process alive, by type. */
  readonly resources: Readonly<Record<string, number>>;
  readonly connections: number;
  readonly inFlight: number;
  readonly bufferedBytes: number;
  /** Longest time since the last figures that the event loop was held up by its own work. */
  readonly worstBlockMs: number;
}

/** Its messages. */
export type FuzzServerMessage =
  | FuzzServerFigures
  | { readonly kind: "listening"; readonly port: number }
  /** An error in its log. */
  | { readonly kind: "logged"; readonly text: string };

/** Measures. */
export async function serverFigures(server: WireServer, watch: EventLoopWatch): Promise<FuzzServerFigures> {
  const worstBlockMs = watch.takeWorstMs();
  await collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { connectionCount: connections, inFlight, bufferedBytes } = server;
  // Collecting garbage is what the figures cost, not the conversations.
  watch.takeWorstMs();
  const memory = { heapBytes: heapUsed + external, rssBytes: rss };
  return { kind: "figures", ...memory, resources: activeResources(), connections, inFlight, bufferedBytes, worstBlockMs };
}

/** Twice, with a turn between them, since finalisers free what the first round found. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function activeResources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
