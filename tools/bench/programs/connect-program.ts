/**
 * `connect-program PORT COUNT IN_FLIGHT`: sends COUNT requests to 127.0.0.1, each on a connection of its own that the server closes, IN_FLIGHT at once.
 * Prints requests a second; fails unless each was answered with 200 and the connection closed in order.
 */
import { connect } from "node:net";

const [port = 0, count = 0, inFlight = 1] = process.argv.slice(2).map(Number);
const request = "GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const expected = "HTTP/1.1 200";

let begun = 0;
let answered = 0;
const startMs = performance.now();
for (let index = 0; index < inFlight; index++) next();

function next(): void {
  if (begun === count) return;
  begun++;
  let answer: Buffer | undefined;
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("data", (chunk: Buffer) => {
    answer ??= chunk;
  });
  socket.on("error", fail);
  socket.on("close", () => {
    if (answer?.toString("latin1", 0, expected.length) !== expected)
      fail(new Error(`was answered by ${answer?.toString("latin1") ?? "nothing"}`));
    else if (++answered === count) console.log((1000 * count) / (performance.now() - startMs));
    else next();
  });
  socket.write(request);
}

function fail(error: Error): void {
  console.error(`request ${begun} of ${count}: ${error.message}`);
  process.exit(1);
}
