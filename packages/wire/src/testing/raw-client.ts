/** A client of HTTP/2 that sends the bytes it is told to, for tests that do what no library would. */
import { connect, type Socket } from "node:net";
import { clientPreface, framesOf, type ReceivedFrame } from "./raw-frames.ts";

/** A connection. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  /** What was received so far. */
  frames(): readonly ReceivedFrame[];
  /** Error code of the GOAWAY that was received last. */
  goAwayCode(): number | undefined;
  /** Debug data of that GOAWAY. */
  goAwayReason(): string | undefined;
  /** Error code of the RST_STREAM of a stream. */
  resetCode(streamId: number): number | undefined;
  /** Whether the head of an answer came on a stream. */
  isAnswered(streamId: number): boolean;
  /** Whether a PING was answered. */
  hasPong(): boolean;
}

/** Connects and sends the preface and `bytes`. */
export function rawClient(port: number, bytes: readonly Uint8Array[]): RawClient {
  let received: Buffer = Buffer.alloc(0);
  const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(Buffer.concat([clientPreface, ...bytes])));
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  const frames = (): readonly ReceivedFrame[] => framesOf(received);
  const goAway = (): Buffer | undefined => frames().findLast(({ type }) => type === 7)?.payload;
  return {
    socket,
    frames,
    goAwayCode: () => goAway()?.readUInt32BE(4),
    goAwayReason: () => goAway()?.subarray(8).toString("latin1"),
    resetCode: (id) =>
      frames()
        .find(({ type, streamId }) => type === 3 && streamId === id)
        ?.payload.readUInt32BE(0),
    isAnswered: (id) => frames().some(({ type, streamId }) => type === 1 && streamId === id),
    hasPong: () => frames().some(({ type, flags }) => type === 6 && flags === 1),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
