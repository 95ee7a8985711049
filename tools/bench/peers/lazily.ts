/** Peers that are started when the first row asks for them. */
import type { Peer } from "../../peers/start-peer.ts";

/** Started when it is first asked for; `stop` ends it when it was. */
export interface LazyPeer {
  get(): Promise<Peer>;
  stop(): Promise<void>;
}

/** Puts the start off, and what comes before the first use. A start that failed fails each time with its reason. */
export function lazily(start: () => Promise<Peer>, before: (peer: Peer) => Promise<void>): LazyPeer {
  let starting: Promise<Peer> | undefined;
  return {
    get() {
      starting ??= begin(start, before);
      return starting;
    },
    async stop() {
      await starting?.then(
        (peer) => peer.stop(),
        () => {
          // It never ran.
        },
      );
    },
  };
}

async function begin(start: () => Promise<Peer>, before: (peer: Peer) => Promise<void>): Promise<Peer> {
  const peer = await start();
  try {
    await before(peer);
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return peer;
}
