/** Load of many connections and many models, from a program of its own that keeps the connections open while it measures. */
import { join } from "node:path";
import { capture } from "../repository.ts";
import type { Encoding } from "./load.ts";

/** What the program is told. */
export interface ScaleLoad {
  readonly port: number;
  /** Process that is measured, with all below it. */
  readonly pid: number;
  readonly encoding: Exclude<Encoding, "rest">;
  /** Body of a request to the first model. */
  readonly bodyFile: string;
  /** Fields of its head, as `name: value`. */
  readonly headers: readonly string[];
  readonly connections: number;
  readonly models: number;
  /** Requests in flight in all; over HTTP/1.1 at most one for each connection. */
  readonly inFlight: number;
  readonly requests: number;
}

/** Names of the same length, so that one body serves all. */
export function modelName(index: number): string {
  return `scale-${String(index).padStart(4, "0")}`;
}

/** CPU microseconds a request. */
export async function cpuOfScaleLoad(load: ScaleLoad): Promise<number> {
  const script = join(import.meta.dirname, "programs", "scale-program.ts");
  const { status, stdout, output } = await capture(process.execPath, ["--conditions=modelyard-source", script, JSON.stringify(load)]);
  if (status !== 0) throw new Error(`the load program ended with ${status}: ${output.slice(-800)}`);
  return Number(stdout);
}
