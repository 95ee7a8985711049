/** Entry of the command `modelyard`. */
import { failure, systemClock, systemRandom } from "@modelyard/core";
import { runCli } from "./cli.ts";
import { readAll } from "./input/read-all.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => {
  interrupted.abort(failure("INTERRUPTED", {}));
  // For what does not listen to the signal. `up` handles Ctrl-C itself and ends in order.
  if (process.listenerCount("SIGINT") === 0) setTimeout(() => process.exit(130), 500).unref();
});
// A reader that has seen enough (`modelyard get … | head`) is no failure.
process.stdout.on("error", () => process.exit(0));
// A server outlives whoever read its complaints.
process.stderr.on("error", () => {});

process.exitCode = await runCli(process.argv.slice(2), {
  streams: { stdout: process.stdout, stderr: process.stderr },
  readStdin: () => readAll(process.stdin, interrupted.signal),
  clock: systemClock(),
  random: systemRandom(),
  signal: interrupted.signal,
});
