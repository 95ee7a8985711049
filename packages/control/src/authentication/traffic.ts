/** How much went over a connection for one request, heads included: what its counters gained since the request before. */
import type { Socket } from "node:net";

/** Bytes of one request and its answer. */
export interface TrafficSize {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Counts of the connections of a server. */
export class Traffic {
  readonly #counted = new WeakMap<Socket, TrafficSize>();

  /** What a connection carried since it was asked last. */
  since(socket: Socket): TrafficSize {
    const before = this.#counted.get(socket) ?? { bytesIn: 0, bytesOut: 0 };
    const now = { bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten };
    this.#counted.set(socket, now);
    return { bytesIn: now.bytesIn - before.bytesIn, bytesOut: now.bytesOut - before.bytesOut };
  }
}
