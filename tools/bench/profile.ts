/** Reads CPU profiles: where the busy time of a thread went. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  /** Ids of nodes. */
  readonly children?: readonly number[];
}

/** A profile as V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds between samples. */
  readonly timeDeltas: readonly number[];
}

/** Self time of a function. */
export interface FunctionShare {
  /** Name and file; of native code that of its caller, too. */
  readonly name: string;
  /** Of the busy time, 0 to 1. */
  readonly share: number;
}

/** What is no work of the program under test. */
const notBusy = /^\(idle\)$|node:inspector/;

/** Self times over busy time, the largest first. */
export interface BusyShares {
  readonly busyMicros: number;
  readonly shares: readonly FunctionShare[];
}

/** Where the busy time went. */
export function busyShares({ nodes, samples, timeDeltas }: CpuProfile): BusyShares {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, byId.get(id)])));
  const micros = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    const name = node ? nameOf(node, callers.get(id)) : "";
    if (!notBusy.test(name)) micros.set(name, (micros.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const busy = [...micros.values()].reduce((sum, one) => sum + one, 0);
  const shares = [...micros].map(([name, one]) => ({ name, share: one / busy })).toSorted((a, b) => b.share - a.share);
  return { busyMicros: busy, shares };
}

function nameOf({ callFrame }: ProfileNode, caller: ProfileNode | undefined): string {
  const { functionName, url, lineNumber } = callFrame;
  if (url !== "") return `${functionName} ${fileOf(url)}:${lineNumber + 1}`;
  // Native functions have a name or not; what is in brackets is the engine's own.
  const isNative = !functionName.startsWith("(") && caller !== undefined;
  return isNative ? `native code under ${nameOf(caller, undefined)}` : functionName;
}

function fileOf(url: string): string {
  return url.split("/").slice(-2).join("/");
}
