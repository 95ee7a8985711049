/**
 * One native session for all models of a thread that are opened from the same prepared copy with the same threads.
 *
 * A copy lies under a digest of all it depends on, so the same path is the same model, also when the copy was removed and made again meanwhile.
 * What belongs to one model (its marks in the journal, its batcher, its limits) is above the session and not shared. The session is released with
 * the last model that uses it.
 */
import { assert } from "@modelyard/core";
import type { OrtEngine, OrtOpenOptions, OrtSession, OrtTensors } from "./ort-engine.ts";

interface SharedSession {
  readonly opened: OrtSession | Promise<OrtSession>;
  users: number;
}

/** An engine whose sessions of the same path and threads are one. Only for copies that are complete: what is written while it is opened is not shared. */
export function sharingSessions(engine: OrtEngine): OrtEngine {
  const sessions = new Map<string, SharedSession>();
  const open = (path: string, options: OrtOpenOptions): OrtSession | Promise<OrtSession> => {
    assert(options.optimizedPath === undefined, "a session that writes a copy is opened alone");
    const key = `${options.optimization} ${options.threads ?? 1} ${path}`;
    const shared = sessions.get(key) ?? { opened: engine.open(path, options), users: 0 };
    sessions.set(key, shared);
    shared.users++;
    const leave = (): boolean => {
      shared.users--;
      return shared.users === 0 && sessions.delete(key);
    };
    return shared.opened instanceof Promise ? handleLater(shared.opened, leave) : new SessionHandle(shared.opened, leave);
  };
  return { ...engine, open };
}

async function handleLater(opened: Promise<OrtSession>, leave: () => boolean): Promise<OrtSession> {
  try {
    return new SessionHandle(await opened, leave);
  } catch (error) {
    leave();
    throw error;
  }
}

/** One user's hold of a session; `leave` says whether it was the last. A class for the reason of the session's own. */
class SessionHandle implements OrtSession {
  readonly #session: OrtSession;
  readonly #leave: () => boolean;

  constructor(session: OrtSession, leave: () => boolean) {
    this.#session = session;
    this.#leave = leave;
  }

  get inputs(): OrtSession["inputs"] {
    return this.#session.inputs;
  }

  get outputs(): OrtSession["outputs"] {
    return this.#session.outputs;
  }

  run(feeds: OrtTensors, fetches: Readonly<Record<string, null>>): ReturnType<OrtSession["run"]> {
    return this.#session.run(feeds, fetches);
  }

  release(): void | Promise<void> {
    return this.#leave() ? this.#session.release() : undefined;
  }
}
