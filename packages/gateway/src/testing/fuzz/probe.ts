/** A good request on a connection of its own, over and over while somebody waits for it: the server answers, and has had a turn meanwhile. */
import { connect, type Socket } from "node:net";

const request = "GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** A probe of one server. */
export class Probe {
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];
  #answering: (() => void)[] = [];
  #sentMs = 0;
  #worstMs = 0;
  #isAsking = false;
  /** Whether its connection was lost. */
  isClosed = false;
  #received = "";

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#release());
  }

  /** Resolves when a request that is sent from now on was answered, or the server is gone. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) {
        resolve();
        return;
      }
      this.#waiting.push(resolve);
      if (!this.#isAsking) this.#ask();
    });
  }

  /** The longest that an answer took since the last call, in milliseconds of the clock on the wall. */
  takeWorstMs(): number {
    const taken = this.#worstMs;
    this.#worstMs = 0;
    return taken;
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(): void {
    this.#isAsking = true;
    this.#answering = this.#waiting;
    this.#waiting = [];
    this.#sentMs = performance.now();
    this.#socket.write(request);
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.toString("latin1");
    const length = /content-length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n/i.exec(this.#received);
    if (!length || this.#received.length < length.index + length[0].length + Number(length[1])) return;
    this.#received = "";
    this.#worstMs = Math.max(this.#worstMs, performance.now() - this.#sentMs);
    const answered = this.#answering;
    this.#isAsking = false;
    if (this.#waiting.length > 0) this.#ask();
    for (const resolve of answered) resolve();
  }

  #release(): void {
    this.isClosed = true;
    for (const resolve of [...this.#answering, ...this.#waiting.splice(0)]) resolve();
  }
}
