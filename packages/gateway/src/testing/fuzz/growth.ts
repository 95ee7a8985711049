/** Whether a server grows under a campaign: medians of two stretches after it has warmed up, and what is open at the end. */
import type { FuzzServerFigures } from "./server-figures.ts";

/** Levels in bytes: medians of the second and of the last third of the campaign. */
export interface Growth {
  readonly heapFromBytes: number;
  readonly heapToBytes: number;
  readonly rssFromBytes: number;
  readonly rssToBytes: number;
  /** What grew; empty when nothing did, or the campaign was too short to tell. */
  readonly problems: readonly string[];
}

/** Shares that are noise, and what may come on top in a process that is still small. */
const heapShare = 0.05;
const heapAllowanceBytes = 4 * 2 ** 20;
const rssShare = 0.1;
const rssAllowanceBytes = 32 * 2 ** 20;
/** Rounds without which a third says nothing, of the heap and of resident memory: allocators take longer to warm up. */
const leastRounds = { heap: 6, resident: 40 };

/** Compares figures that were taken after equal stretches of work, the first before any. */
export function growthOf(figures: readonly FuzzServerFigures[]): Growth {
  const third = Math.floor(figures.length / 3);
  const middle = figures.slice(third, 2 * third);
  const last = figures.slice(figures.length - third);
  const levels = {
    heapFromBytes: median(middle.map(({ heapBytes }) => heapBytes)),
    heapToBytes: median(last.map(({ heapBytes }) => heapBytes)),
    rssFromBytes: median(middle.map(({ rssBytes }) => rssBytes)),
    rssToBytes: median(last.map(({ rssBytes }) => rssBytes)),
  };
  return { ...levels, problems: [...grown(levels, figures.length), ...leftOpen(figures)] };
}

function grown({ heapFromBytes, heapToBytes, rssFromBytes, rssToBytes }: Omit<Growth, "problems">, rounds: number): readonly string[] {
  const isHeapGrown = heapToBytes > heapFromBytes * (1 + heapShare) + heapAllowanceBytes;
  const isResidentGrown = rssToBytes > rssFromBytes * (1 + rssShare) + rssAllowanceBytes;
  return [
    ...(isHeapGrown && rounds >= leastRounds.heap ? [`the heap grew from ${heapFromBytes} to ${heapToBytes} bytes`] : []),
    ...(isResidentGrown && rounds >= leastRounds.resident ? [`resident memory grew from ${rssFromBytes} to ${rssToBytes} bytes`] : []),
  ];
}

/** Sockets, requests and the like; how many timers run at a moment says nothing. */
function leftOpen(figures: readonly FuzzServerFigures[]): readonly string[] {
  const before = figures[0]?.resources ?? {};
  const after = figures.at(-1)?.resources ?? {};
  return Object.entries(after).flatMap(([type, count]) => {
    const known = before[type] ?? 0;
    return type === "Timeout" || type === "Immediate" || count <= known ? [] : [`${count - known} more open resources of the type ${type}`];
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
