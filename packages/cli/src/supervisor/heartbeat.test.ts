import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { expect, it, onTestFinished, vi } from "vitest";
import { Heartbeat, type HeartbeatLimits, type WorkWatch } from "./heartbeat.ts";
import { ownTime } from "./own-time.ts";

const everyMs = 100;
const workLimitMs = 5_000;

async function program(source: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["-e", `console.log(1);${source}`], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout ?? child, "data");
  return child;
}

async function asleep(): Promise<ChildProcess> {
  const child = await program("setInterval(() => {}, 1e6)");
  await vi.waitFor(() => expect(stateOf(child)).toBe("S"));
  return child;
}

const busy = (): Promise<ChildProcess> => program("for (;;);");

function stateOf({ pid }: ChildProcess): string | undefined {
  return / \((?:.*)\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1];
}

/** A child that answers no ping, and is at the same piece of work from the beginning. */
function beating(child: ChildProcess, limits: Partial<HeartbeatLimits> = {}) {
  const clock = fakeClock();
  const exceeded = vi.fn();
  const [ping, kill, leaveNote] = [vi.fn(), vi.fn(), vi.fn()];
  let spentMs: number | undefined;
  const watch: WorkWatch = {
    look(ownMs) {
      spentMs = spentMs === undefined ? 0 : spentMs + ownMs;
      if (spentMs >= workLimitMs) exceeded();
      return spentMs >= workLimitMs;
    },
    forget: () => (spentMs = undefined),
    leaveNote,
  };
  const openWatch = async (): Promise<WorkWatch> => watch;
  const options = { role: "serving", pid: child.pid ?? 0, ping, kill, clock, log: silentLog(), openWatch } as const;
  const heartbeat = new Heartbeat({ ...options, limits: { everyMs, silenceMs: 1e9, startMs: 1e9, ...limits } });
  onTestFinished(() => heartbeat.close());
  return { clock, ping, kill, leaveNote, heartbeat, exceeded };
}

/** Whatever the machine does to the child in between. */
async function becomesTrue(clock: FakeClock, check: () => void): Promise<void> {
  const advance = async (): Promise<void> => {
    await clock.advance(everyMs);
    check();
  };
  await vi.waitFor(advance, { timeout: 10_000, interval: 1 });
}

it("ends a child that its work keeps beyond its limit, after leaving a note, and not before", async () => {
  const { clock, ping, kill, leaveNote } = beating(await asleep());
  await clock.advance(workLimitMs);
  expect([ping.mock.calls.length, kill.mock.calls.length]).toEqual([1, 0]);
  await becomesTrue(clock, () => expect(kill).toHaveBeenCalledOnce());
  expect(leaveNote.mock.invocationCallOrder[0]).toBeLessThan(kill.mock.invocationCallOrder[0] ?? 0);
});

it("leaves a child alone that answers", async () => {
  const { clock, ping, kill, heartbeat } = beating(await asleep());
  ping.mockImplementation(() => void clock.setTimer(everyMs / 2, () => heartbeat.observePong()));
  await clock.advance(10 * workLimitMs);
  expect(kill).not.toHaveBeenCalled();
});

it("leaves a child alone whose answer had arrived, and was not read yet, when its limit was over", async () => {
  const { clock, ping, kill, heartbeat, exceeded } = beating(await asleep());
  exceeded.mockImplementationOnce(() => void clock.setTimer(0, () => heartbeat.observePong()));
  await becomesTrue(clock, () => expect(exceeded).toHaveBeenCalledOnce());
  await clock.advance(everyMs);
  expect(kill).not.toHaveBeenCalled();
  expect(ping).toHaveBeenCalledTimes(2);
});

it("does not charge the work of a child with the time in which it is stopped", async () => {
  const child = await asleep();
  const { clock, kill } = beating(child);
  child.kill("SIGSTOP");
  await vi.waitFor(() => expect(stateOf(child)).toBe("T"));
  await clock.advance(10 * workLimitMs);
  expect(kill).not.toHaveBeenCalled();
  child.kill("SIGCONT");
  await becomesTrue(clock, () => expect(kill).toHaveBeenCalledOnce());
});

it("watches over the work of a child that is about to end, too, while its silence is no reason any more", async () => {
  const { clock, kill, leaveNote, heartbeat } = beating(await asleep(), { silenceMs: 1_000 });
  heartbeat.observeStopping();
  await clock.advance(workLimitMs);
  expect(kill).not.toHaveBeenCalled();
  await becomesTrue(clock, () => expect(leaveNote).toHaveBeenCalledOnce());
});

it("charges time asleep in full, time at work as ten times the processor's at most, and never more than the longest step", async () => {
  const [sleeping, working] = [await asleep(), await busy()];
  const [ofSleeping, ofWorking] = [ownTime(sleeping.pid ?? 0, 500), ownTime(working.pid ?? 0, 1e9)];
  expect([ofSleeping(0), ofSleeping(400), ofSleeping(3_600_000)]).toEqual([0, 400, 500]);
  ofWorking(0);
  const firstMs = cpuMs(working);
  await vi.waitFor(() => expect(cpuMs(working) - firstMs).toBeGreaterThan(20), 10_000);
  // An hour by the clock, in which it had a processor for some milliseconds.
  const chargedMs = ofWorking(3_600_000);
  expect(chargedMs).toBeGreaterThan(200);
  expect(chargedMs).toBeLessThan(200_000);
});

function cpuMs({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}
