/** Runs a stand-in for a serving process to its end, and watches over its I/O thread as a supervisor does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { systemClock } from "@modelyard/core";
import { StuckProcess } from "../stuck-process.ts";

/** How it ended. */
export interface WatchedEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Whether it was ended from here. */
  readonly wasStuck: boolean;
}

const everyMs = 20;

/** `path`: its running file, which is also its first argument. */
export async function runWatched(program: string, path: string, how: string): Promise<WatchedEnd> {
  const child = spawn(process.execPath, ["--conditions=modelyard-source", program, path, how], { stdio: ["ignore", "pipe", "ignore"] });
  const watch = new StuckProcess({ path, pid: child.pid ?? 0, clock: systemClock() });
  let wasStuck = false;
  const timer = setInterval(() => {
    if (!watch.look(everyMs)) return;
    clearInterval(timer);
    wasStuck = true;
    watch.leaveNote();
    child.kill("SIGKILL");
  }, everyMs);
  const exited = once(child, "exit");
  const stdout = await text(child.stdout);
  const [status, signal] = await exited;
  clearInterval(timer);
  return { status, signal, stdout, wasStuck };
}
