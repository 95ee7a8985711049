/**
 * One native session for all models of a thread that are opened from the same prepared copy with the same threads.
 *
 * A copy lies under a digest of all it depends on, so the same path is the same model, also when the copy was removed and made again meanwhile.
 * What belongs to one model (its marks in the journal, its batcher, its limits) is above the session and not shared. The session is released with
 * the last model that uses it.
 *
 * Hot path: users get the engine's session itself, so sharing costs a run nothing.
 */
import { assert } from "@modelyard/core";
import type { OrtEngine, OrtOpenOptions, OrtSession } from "./ort-engine.ts";

/** A session that others may use as well: it is given back to where it came from. */
export type HeldSession = Omit<OrtSession, "release">;

interface SharedSession {
  readonly key: string;
  readonly opened: OrtSession | Promise<OrtSession>;
  users: number;
}

/** The sessions of a thread. Only for copies that are complete: what is written while it is opened is not shared. */
export class SharedSessions {
  readonly #engine: OrtEngine;
  readonly #byKey = new Map<string, SharedSession>();
  readonly #bySession = new Map<HeldSession, SharedSession>();

  constructor(engine: OrtEngine) {
    this.#engine = engine;
  }

  /** Opens it, or joins those who have. Throws or rejects with ONNX Runtime's own error. */
  open(path: string, options: OrtOpenOptions): HeldSession | Promise<HeldSession> {
    assert(options.optimizedPath === undefined, "a session that writes a copy is opened alone");
    const key = `${options.optimization} ${options.threads ?? 1} ${path}`;
    const shared = this.#byKey.get(key) ?? { key, opened: this.#engine.open(path, options), users: 0 };
    this.#byKey.set(key, shared);
    shared.users++;
    return shared.opened instanceof Promise ? this.#holdLater(shared, shared.opened) : this.#hold(shared, shared.opened);
  }

  /** Gives back what {@link SharedSessions.open} gave, once for each time; the last one releases it. */
  release(session: HeldSession): void | Promise<void> {
    const shared = this.#bySession.get(session);
    assert(shared, "a session is given back to where it came from");
    if (!this.#leave(shared)) return;
    this.#bySession.delete(session);
    return shared.opened instanceof Promise ? releaseLater(shared.opened) : shared.opened.release();
  }

  #hold(shared: SharedSession, session: OrtSession): HeldSession {
    this.#bySession.set(session, shared);
    return session;
  }

  async #holdLater(shared: SharedSession, opened: Promise<OrtSession>): Promise<HeldSession> {
    try {
      return this.#hold(shared, await opened);
    } catch (error) {
      this.#leave(shared);
      throw error;
    }
  }

  /** Whether it was the last. */
  #leave(shared: SharedSession): boolean {
    shared.users--;
    return shared.users === 0 && this.#byKey.delete(shared.key);
  }
}

async function releaseLater(opened: Promise<OrtSession>): Promise<void> {
  await (await opened).release();
}
