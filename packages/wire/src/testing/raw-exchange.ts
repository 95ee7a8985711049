/** Sends bytes to a server and returns all it sends back until it closes the connection. */
import { connect } from "node:net";
import type { ListenAddress } from "../server/wire-server.ts";

/** Writes each piece in its own turn, then, unless told otherwise, ends its side. */
export function rawExchange(address: ListenAddress, pieces: readonly (string | Buffer)[], endsSide = true): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = "path" in address ? connect(address.path) : connect(address.port, address.host);
    let answer = "";
    socket.on("data", (chunk: Buffer) => void (answer += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    const [first = "", ...rest] = pieces;
    socket.write(first, "latin1", () => {
      for (const piece of rest) setImmediate(() => socket.write(piece, "latin1"));
      if (endsSide) setImmediate(() => setImmediate(() => socket.end()));
    });
  });
}
