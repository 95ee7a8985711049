/** Watches for work that holds up the event loop. A machine that is busy with something else is no hang: only time this thread computed counts. */

/** A running watch. It does not keep the process alive. */
export interface EventLoopWatch {
  /** The longest block since the last call, in milliseconds. */
  takeWorstMs(): number;
}

const everyMs = 20;

/** Starts it. */
export function watchEventLoop(): EventLoopWatch {
  let worstMs = 0;
  let last = { wallMs: performance.now(), cpu: process.threadCpuUsage() };
  setInterval(() => {
    const now = { wallMs: performance.now(), cpu: process.threadCpuUsage() };
    const cpuMs = (now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system) / 1000;
    worstMs = Math.max(worstMs, Math.min(now.wallMs - last.wallMs - everyMs, cpuMs));
    last = now;
  }, everyMs).unref();
  return {
    takeWorstMs() {
      const taken = worstMs;
      worstMs = 0;
      return taken;
    },
  };
}
