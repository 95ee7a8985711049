/** Load for the proof points: paced loops that count every outcome, bounded in time and in flight. */
import { Agent, request } from "node:http";
import { request as secureRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

/** Outcome of one HTTP call: a status with its body, or a connection that failed or was closed. */
export type HttpOutcome =
  | { readonly kind: "answer"; readonly status: number; readonly body: Buffer }
  | { readonly kind: "closed"; readonly why: string };

/** A keep-alive pool of connections. */
export function connectionPool(size: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: size });
}

/** A call. */
export interface HttpCall {
  readonly url: string;
  readonly method: string;
  readonly body: Buffer | string;
  /** Besides those of the body. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** One call over a pool, by HTTP or HTTPS; never rejects. */
export function call(agent: Agent, sent: HttpCall): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const closed = (error: Error): void => resolve({ kind: "closed", why: (error as NodeJS.ErrnoException).code ?? error.message });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(sent.body), ...sent.headers };
    const send = sent.url.startsWith("https:") ? secureRequest : request;
    const outgoing = send(sent.url, { agent, method: sent.method, headers, timeout: sent.limitMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => resolve({ kind: "answer", status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.once("error", closed);
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer within ${sent.limitMs} ms`)));
    outgoing.once("error", closed);
    outgoing.end(sent.body);
  });
}

/** A running loop. */
export interface Loop {
  /** Actions that have ended. */
  readonly done: number;
  stop(): Promise<void>;
}

/** Runs `action` at a rate, with at most `inFlight` at once: when all are busy, a turn is left out. */
export function paced(options: {
  readonly perSecond: number;
  readonly inFlight: number;
  readonly action: (turn: number) => Promise<void>;
}): Loop {
  let isStopped = false;
  let turn = 0;
  let done = 0;
  const busy = new Set<Promise<void>>();
  const started = performance.now();
  const run = async (): Promise<void> => {
    while (!isStopped) {
      const due = ((performance.now() - started) / 1000) * options.perSecond;
      while (turn < due && busy.size < options.inFlight) {
        const work = options.action(turn++).finally(() => {
          busy.delete(work);
          done++;
        });
        busy.add(work);
      }
      if (busy.size >= options.inFlight) turn = Math.max(turn, Math.floor(due));
      await delay(2);
    }
    await Promise.allSettled(busy);
  };
  const running = run();
  return {
    get done() {
      return done;
    },
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** Counts by name. */
export class Tally {
  readonly counts: Map<string, number> = new Map();
  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }
  toString(): string {
    return [...this.counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  }
}
