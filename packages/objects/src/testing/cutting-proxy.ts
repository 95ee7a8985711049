/** A proxy that cuts connections after a random number of bytes of their answers, from a seed; for tests of what must survive that. */
import { connect, createServer, type Socket } from "node:net";
import { randomInteger, seededRandom } from "@modelyard/core";

/** A running proxy. */
export interface CuttingProxy {
  readonly endpoint: string;
  /** Connections cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** Options of {@link cuttingProxy}. */
export interface CuttingProxyOptions {
  /** Address of the server: `http://host:port`. */
  readonly target: string;
  readonly seed: number;
  /** Every how many connections one lives; default 3. */
  readonly livesOneIn?: number;
  /** Most bytes of answers that a cut connection carries; default 200,000. */
  readonly maxBytes?: number;
}

/** Starts a proxy on a free port of loopback. */
export async function cuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const { target, seed, livesOneIn = 3, maxBytes = 200_000 } = options;
  const random = seededRandom(seed);
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let left = randomInteger(random, livesOneIn) === 0 ? Number.POSITIVE_INFINITY : randomInteger(random, maxBytes);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(upstream);
    client.on("close", () => upstream.destroy());
    upstream.on("end", () => client.end());
    upstream.on("data", (chunk: Buffer) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left > 0) return;
      cuts++;
      upstream.destroy();
      // Half of them end early in good order; a reset also takes away what was sent and not yet read.
      if (cuts % 2 === 0) client.end(() => client.destroy());
      else client.end(() => client.resetAndDestroy());
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  const listening = typeof address === "object" && address ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${listening}`,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
