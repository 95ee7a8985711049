/**
 * A process that opens connections, uses each once and keeps them: one process may not have enough file descriptors for all. Told what to open by its
 * first message; answers `open` when they are, and closes all with its channel.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

/** What to open. */
export interface IdleClientsOrder {
  readonly port: number;
  readonly count: number;
  /** PEM; absent: cleartext. */
  readonly ca?: string;
}

const atOnce = 50;
const request = "GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

async function open({ port, ca }: IdleClientsOrder): Promise<Socket> {
  const socket = ca === undefined ? connect(port, "127.0.0.1") : connectSecurely({ port, host: "127.0.0.1", ca });
  socket.write(request);
  const [answer] = (await once(socket, "data")) as [Buffer]; // What "data" carries without an encoding.
  if (!answer.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(`the server answered ${answer.toString("latin1")}`);
  return socket;
}

if (process.send) {
  process.on("disconnect", () => process.exit(0));
  const [order] = (await once(process, "message")) as [IdleClientsOrder]; // Sent by whoever started this.
  const sockets: Socket[] = [];
  while (sockets.length < order.count) {
    const some = Math.min(atOnce, order.count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(order)))));
  }
  process.send("open");
}
