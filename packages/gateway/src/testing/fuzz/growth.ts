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
/** Rounds without which a third says nothing. */
const leastRounds = 6;

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
  const isLongEnough = figures.length >= leastRounds;
  return { ...levels, problems: [...(isLongEnough ? grown(levels) : []), ...leftOpen(figures)] };
}

function grown(levels: Omit<Growth, "problems">): readonly string[] {
  const { heapFromBytes, heapToBytes, rssFromBytes, rssToBytes } = levels;
  return [
    ...(heapToBytes > heapFromBytes * (1 + heapShare) + heapAllowanceBytes
      ? [`the heap grew from ${heapFromBytes} to ${heapToBytes} bytes`]
      : []),
    ...(rssToBytes > rssFromBytes * (1 + rssShare) + rssAllowanceBytes
      ? [`resident memory grew from ${rssFromBytes} to ${rssToBytes} bytes`]
      : []),
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
