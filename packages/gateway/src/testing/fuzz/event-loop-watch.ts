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
  let last = now();
  const look = (): void => {
    const { wallMs, cpuMs } = now();
    worstMs = Math.max(worstMs, Math.min(wallMs - last.wallMs - everyMs, cpuMs - last.cpuMs));
    last = { wallMs, cpuMs };
  };
  setInterval(look, everyMs).unref();
  return {
    takeWorstMs() {
      look();
      const taken = worstMs;
      worstMs = 0;
      return taken;
    },
  };
}

function now(): { readonly wallMs: number; readonly cpuMs: number } {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}
