/**
 * Connections beyond the limit of a server: told so in HTTP/1.1, which an HTTP/2 client reads as a refusal too, and closed. What they send is
 * dropped unread, since closing on unread bytes would reset the connection before the refusal is read.
 */
import type { Socket } from "node:net";
import type { Clock } from "@modelyard/core";

/** Refusals under way at once; connections beyond that are closed without a word. */
const maxRefusals = 256;
const lingerMs = 1_000;

const text = JSON.stringify({ error: "The server has as many connections as it may: try again shortly" });
const refusal: Buffer = Buffer.from(
  `HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  "latin1",
);

/** Refuses connections. */
export class Overflow {
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Refuses a connection that was accepted and not read from. */
  refuse(socket: Socket): void {
    if (this.#sockets.size >= maxRefusals) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const linger = this.#clock.setTimer(lingerMs, () => socket.destroy(), { background: true });
    // Followed by "close": a peer that is gone already needs no refusal.
    socket.on("error", () => {});
    socket.once("end", () => socket.destroySoon());
    socket.once("close", () => {
      linger.cancel();
      this.#sockets.delete(socket);
    });
    socket.end(refusal);
    socket.resume();
  }

  /** Closes those that are being refused. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
