/** Peers that are started when the first row asks for them. */
import type { Peer } from "../../peers/start-peer.ts";

/** Started when it is first asked for; `stop` ends it when it was. */
export interface LazyPeer {
  get(): Promise<Peer>;
  stop(): Promise<void>;
}

/** Puts the start off. A start that failed fails each time with its reason. */
export function lazily(start: () => Promise<Peer>): LazyPeer {
  let starting: Promise<Peer> | undefined;
  return {
    get() {
      starting ??= start();
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
