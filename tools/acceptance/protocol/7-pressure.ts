/** What is watched while a server is under pressure: its memory and handles, and that good requests are answered meanwhile. */
import { setTimeout as delay } from "node:timers/promises";
import { call, paced, Tally } from "../harness/load.ts";
import { footprintOf } from "../harness/process-footprint.ts";
import { until } from "../harness/server.ts";
import { echoModel, type Target } from "./7-target.ts";

/** What was seen. */
export interface Pressure {
  readonly baseBytes: number;
  /** Most resident memory above that of the beginning. */
  readonly growthBytes: number;
  readonly good: Tally;
  readonly baseHandles: number;
}

/** Watches a server. */
export interface PressureWatch {
  /** Resolves when the server has let go of every connection that is not of the watch, or the limit is over; says how many handles are left over. */
  released(limitMs: number): Promise<number>;
  stop(): Promise<Pressure>;
}

const goodConnections = 2;
const sampleMs = 200;

/** Begins to watch; what is open then is what has to be open in the end. */
export async function watchPressure(target: Target): Promise<PressureWatch> {
  const pool = target.agent(goodConnections);
  const good = new Tally();
  const infer = (): Promise<void> => inferOnce(target, pool).then((outcome) => good.add(outcome));
  await Promise.all(Array.from({ length: goodConnections }, infer));
  const pid = target.servingPid();
  const base = footprintOf(pid);
  let peakBytes = base.residentBytes;
  let isOver = false;
  const sampling = (async () => {
    for (; !isOver; await delay(sampleMs)) peakBytes = Math.max(peakBytes, footprintOf(pid).residentBytes);
  })();
  const sending = paced({ perSecond: 20, inFlight: goodConnections, action: infer });
  const leftOver = (): number => Math.max(0, footprintOf(pid).handles - base.handles);
  return {
    async released(limitMs) {
      await until(
        async () => {
          if (leftOver() > 0) throw new Error("connections are still open");
        },
        { limitMs, everyMs: 500 },
      ).catch(() => {});
      return leftOver();
    },
    async stop() {
      await sending.stop();
      isOver = true;
      await sampling;
      pool.destroy();
      return { baseBytes: base.residentBytes, growthBytes: peakBytes - base.residentBytes, good, baseHandles: base.handles };
    },
  };
}

const values = [1, 2, 3, 4];
const body = JSON.stringify({ inputs: [{ name: "IN", shape: [values.length], datatype: "FP32", data: values }] });

async function inferOnce({ url, headers }: Target, pool: ReturnType<Target["agent"]>): Promise<string> {
  const outcome = await call(pool, { url: `${url}/v2/models/${echoModel}/infer`, method: "POST", headers, body, limitMs: 30_000 });
  if (outcome.kind === "closed") return outcome.why;
  if (outcome.status !== 200) return String(outcome.status);
  const { outputs } = JSON.parse(outcome.body.toString()) as { readonly outputs: readonly { readonly data: readonly number[] }[] };
  return String(outputs[0]?.data) === String(values) ? "200 right" : "200 wrong";
}

/** What keeps a pressure from holding: too much memory, handles left over, a good request that was not answered right. */
export function problemsOf(
  { growthBytes, good }: Pressure,
  limits: { readonly maxGrowthBytes: number; readonly leftOver: number },
): readonly string[] {
  const wrong = [...good.counts].filter(([outcome]) => outcome !== "200 right");
  return [
    ...(growthBytes > limits.maxGrowthBytes
      ? [`memory grew by ${mebibytes(growthBytes)} where ${mebibytes(limits.maxGrowthBytes)} are allowed`]
      : []),
    ...(limits.leftOver > 0 ? [`${limits.leftOver} handles are left over`] : []),
    ...wrong.map(([outcome, count]) => `${count} good requests ended with ${outcome}`),
    ...(good.get("200 right") === 0 ? ["no good request was answered"] : []),
  ];
}

/** For people. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** What a part of the point found. */
export interface Finding {
  readonly measured: string;
  readonly problems: readonly string[];
}
