/** Reads CPU profiles: where the busy time of a thread went. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
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
  /** Name and file. */
  readonly name: string;
  /** Of the busy time, 0 to 1. */
  readonly share: number;
}

/** Self times over busy time, the largest first. */
export function busyShares({ nodes, samples, timeDeltas }: CpuProfile): readonly FunctionShare[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const micros = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "";
    if (name !== "(idle)") micros.set(name, (micros.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const busy = [...micros.values()].reduce((sum, one) => sum + one, 0);
  return [...micros].map(([name, one]) => ({ name, share: one / busy })).toSorted((a, b) => b.share - a.share);
}

function nameOf({ functionName, url, lineNumber }: ProfileNode["callFrame"]): string {
  const file = url.split("/").slice(-2).join("/");
  return file === "" ? functionName : `${functionName} ${file}:${lineNumber + 1}`;
}
