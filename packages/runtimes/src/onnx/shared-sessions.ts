/**
 * One native session for all models of a thread that are opened from the same prepared copy with the same threads.
 *
 * A copy lies under a digest of all it depends on, so the same path is the same model, also when the copy was removed and made again meanwhile.
 * What belongs to one model (its marks in the journal, its batcher, its limits) is above the session and not shared. The session is released with
 * the last model that uses it.
 */
import { assert } from "@modelyard/core";
import type { OrtEngine, OrtOpenOptions, OrtSession } from "./ort-engine.ts";

interface SharedSession {
  readonly opened: OrtSession | Promise<OrtSession>;
  users: number;
}

/** An engine whose sessions of the same path and threads are one. Only for copies that are complete: what is written while it is opened is not shared. */
export function sharingSessions(engine: OrtEngine): OrtEngine {
  const sessions = new Map<string, SharedSession>();
  const open = (path: string, options: OrtOpenOptions): OrtSession | Promise<OrtSession> => {
    assert(options.optimizedPath === undefined, "a session that writes a copy is opened alone");
    const key = JSON.stringify([path, options.optimization, options.threads]);
    const shared = sessions.get(key) ?? { opened: engine.open(path, options), users: 0 };
    sessions.set(key, shared);
    shared.users++;
    const leave = (): boolean => {
      shared.users--;
      return shared.users === 0 && sessions.delete(key);
    };
    return shared.opened instanceof Promise ? handleLater(shared.opened, leave) : handleOf(shared.opened, leave);
  };
  return { ...engine, open };
}

async function handleLater(opened: Promise<OrtSession>, leave: () => boolean): Promise<OrtSession> {
  try {
    return handleOf(await opened, leave);
  } catch (error) {
    leave();
    throw error;
  }
}

/** One user's hold of a session; `leave` says whether it was the last. */
function handleOf(session: OrtSession, leave: () => boolean): OrtSession {
  return { ...session, release: () => (leave() ? session.release() : undefined) };
}
