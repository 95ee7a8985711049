/** A server in a process of its own, for `idle-connections.ts`: reports its port, and its memory and open connections when asked. */
import { echo, startServer } from "./echo-server.ts";

/** What the process says of itself. */
export interface IdleServerFigures {
  readonly rssBytes: number;
  readonly connections: number;
}

if (process.send) {
  const running = await startServer(echo);
  process.on("disconnect", () => process.exit(0));
  process.on("message", () => {
    // Garbage of opening the connections is not their price.
    globalThis.gc?.();
    const figures: IdleServerFigures = { rssBytes: process.memoryUsage.rss(), connections: running.server.connectionCount };
    process.send?.(figures);
  });
  process.send({ port: running.port });
}
