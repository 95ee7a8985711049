/** Clients of HTTP/2 that are after the server: what they send is legal, or nearly, and must cost them more than us. */
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { echo, startServer, type TestServer } from "../testing/echo-server.ts";
import { clientPreface, framesOf, type ReceivedFrame, rawFrame } from "../testing/raw-frames.ts";

const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
const postBlock = Buffer.from([0x83, 0x86, 0x84]);

interface RawClient extends Disposable {
  readonly socket: Socket;
  readonly frames: () => readonly ReceivedFrame[];
}

/** Sends the preface and `bytes`. */
function rawClient(running: TestServer, ...bytes: readonly Buffer[]): RawClient {
  let received: Buffer = Buffer.alloc(0);
  const socket = connect(running.port, "127.0.0.1", () => socket.write(Buffer.concat([clientPreface, ...bytes])));
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  return { socket, frames: () => framesOf(received), [Symbol.dispose]: () => socket.destroy() };
}

describe("HTTP/2 server and blocks that repeat in another role", () => {
  test("trailers whose bytes come again as a request are a malformed request, not a crash", async () => {
    await using running = await startServer((exchange) => (exchange.head.fields.length < 9 ? echo(exchange) : noBody));
    // x: y, a literal that is not indexed, so that the block is remembered.
    const block = Buffer.from("\0\x01x\x01y", "latin1");
    using client = rawClient(running, rawFrame(1, 4, 1, postBlock), rawFrame(1, 5, 1, block), rawFrame(1, 5, 3, block));
    const resets = (): readonly number[] => client.frames().flatMap((one) => (one.type === 3 ? [one.streamId] : []));
    await expect.poll(resets).toEqual([3]);
    client.socket.write(rawFrame(1, 5, 5, postBlock));
    await expect.poll(() => client.frames().some((one) => one.type === 1 && one.streamId === 5)).toBe(true);
  });
});
