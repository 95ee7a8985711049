/**
 * How long a prepared copy takes to load. What is recorded decides for good whether a model may run on the I/O thread, and prepare often runs on a
 * machine whose cores are all busy (many models deployed at once), where one load in fifty takes ten times as long as the model needs: so a load
 * that is neither clearly short nor clearly long is tried again a little later, and the shortest counts.
 */
import { type Clock, sleep } from "@modelyard/core";
import type { OrtSession } from "../onnx/ort-engine.ts";

/** A load and its time. */
export interface MeasuredLoad {
  readonly session: OrtSession;
  readonly loadMicros: number;
  /** By how much the first load made the process grow; what later ones leave behind is not the model's. */
  readonly memoryBytes: number;
}

// Below, nothing hangs on how much; above, a busy machine is not the reason.
const clearlyShortMicros = 2_000;
const clearlyLongMicros = 200_000;
const maxLoads = 4;
// Who slept has the core first when it wakes: loads right after one another are cut in on alike. What takes the core away may last for a while.
const firstPauseMs = 10;
const pauseGrowth = 4;

/** Loads once or a few times; gives the last session and the shortest time, and releases the sessions before. */
export async function measureLoad(open: () => OrtSession | Promise<OrtSession>, clock: Clock): Promise<MeasuredLoad> {
  const residentBefore = process.memoryUsage.rss();
  let shortest = await timed(open, clock);
  const memoryBytes = Math.max(0, process.memoryUsage.rss() - residentBefore);
  for (let loads = 1; loads < maxLoads && isDoubtful(shortest.loadMicros); loads++) {
    await shortest.session.release();
    await sleep(clock, firstPauseMs * pauseGrowth ** (loads - 1));
    const next = await timed(open, clock);
    shortest = { session: next.session, loadMicros: Math.min(next.loadMicros, shortest.loadMicros) };
  }
  return { ...shortest, memoryBytes };
}

function isDoubtful(loadMicros: number): boolean {
  return loadMicros >= clearlyShortMicros && loadMicros < clearlyLongMicros;
}

async function timed(open: () => OrtSession | Promise<OrtSession>, clock: Clock): Promise<Omit<MeasuredLoad, "memoryBytes">> {
  const startMs = clock.monotonicMs();
  const session = await open();
  return { session, loadMicros: (clock.monotonicMs() - startMs) * 1000 };
}
