/**
 * How the start of a server ends: well, when control and one serving process are ready; badly, when one of them reports before that that it cannot
 * start, or when they die again and again. It ends once: from then on children are started again for as long as the supervisor lives.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { Role } from "./lock-record.ts";

/** Deaths before the first readiness that end the start. */
const maxEarlyDeaths = 5;

/** See the module. `factsOf` is asked when it ends well; control's address is the one it has by then. */
export class StartOutcome<Facts> {
  readonly ready: Promise<Facts>;
  readonly #succeed: (facts: Facts) => void;
  readonly #fail: (error: PlatformError) => void;
  readonly #factsOf: (controlUrl: string) => Facts;
  #isServing = false;
  #controlUrl: string | undefined;
  #earlyDeaths = 0;

  constructor(factsOf: (controlUrl: string) => Facts) {
    const { promise, resolve, reject } = Promise.withResolvers<Facts>();
    this.ready = promise;
    this.#succeed = resolve;
    this.#fail = reject;
    this.#factsOf = factsOf;
    // Whoever gives up before it ends need not wait for this too.
    promise.catch(() => {});
  }

  /** Address control had in its latest life. */
  get controlUrl(): string | undefined {
    return this.#controlUrl;
  }

  /** A child is ready; control says at which address. */
  noteReady(role: Role, url: string | undefined): void {
    if (role === "serving") this.#isServing = true;
    if (role === "control" && url !== undefined) this.#controlUrl = url;
    if (this.#isServing && this.#controlUrl !== undefined) this.#succeed(this.#factsOf(this.#controlUrl));
  }

  /** A child ended. */
  noteDeath(role: Role, logFile: string): void {
    if (++this.#earlyDeaths < maxEarlyDeaths) return;
    this.fail(failure("PROGRAM_FAILED", { role, why: `it ended ${this.#earlyDeaths} times before it was ready`, logFile }));
  }

  /** Without effect once it has ended. */
  fail(error: PlatformError): void {
    this.#fail(error);
  }
}
