/** A proxy that holds answers back after so many bytes until it is told to go on; then it cuts those connections, and passes on whatever comes after. */
import { connect, createServer, type Socket } from "node:net";

/** A running proxy. */
export interface StallingProxy {
  readonly endpoint: string;
  /** Cuts the connections that are held, and holds no more. */
  goOn(): void;
  close(): Promise<void>;
}

/** Starts a proxy to `http://host:port` on a free port of loopback. */
export async function stallingProxy(target: string, heldAfterBytes: number): Promise<StallingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isHolding = true;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    client.pipe(upstream);
    let left = isHolding ? heldAfterBytes : Number.POSITIVE_INFINITY;
    upstream.on("data", (chunk: Buffer) => {
      if (left > 0) client.write(chunk.subarray(0, left));
      left -= chunk.byteLength;
    });
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  return {
    endpoint: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    goOn() {
      isHolding = false;
      cut();
    },
    async close() {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}
