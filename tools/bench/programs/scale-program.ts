/**
 * Asks many models over many connections with so many requests in flight in all, and prints the CPU microseconds a request of a server's processes.
 * Each request goes over the connection that has waited longest and to a model taken at random. Argument: a {@link ScaleLoad} as JSON.
 */
import { readFileSync } from "node:fs";
import { cpuMicros, processTree } from "../cpu-time.ts";
import { modelName, type ScaleLoad } from "../scale-load.ts";
import { type Asker, grpcAsker, httpAsker } from "./scale-askers.ts";

const { port, pid, encoding, bodyFile, headers, connections, models, inFlight, requests }: ScaleLoad = JSON.parse(process.argv[2] ?? "");
const open = encoding === "grpc" ? grpcAsker : httpAsker;
const load = { port, body: readFileSync(bodyFile), headers };
const waiting: Asker[] = [];
for (let index = 0; index < connections; index++) waiting.push(await open(load));

/** Streams of a connection are independent of each other; over HTTP/1.1 a request waits for the answer before it. */
const hasStreams = encoding === "grpc";
let seed = 1;
// Each connection and each model at least twice: what is measured is how it goes on.
await ask(Math.max(2_000, 2 * connections), () => modelName(++seed % models));
const pids = processTree(pid);
const before = cpuMicros(pids);
await ask(requests, () => modelName(random(models)));
console.log((cpuMicros(pids) - before) / requests);
process.exit(0);

/** Sends so many requests and waits for their answers. */
function ask(count: number, nextModel: () => string): Promise<void> {
  let [sent, answered] = [0, 0];
  return new Promise((resolve) => {
    const next = (): void => {
      if (sent === count) return;
      const asker = waiting.shift();
      if (!asker) return;
      sent++;
      if (hasStreams) waiting.push(asker);
      asker.ask(nextModel(), () => {
        if (!hasStreams) waiting.push(asker);
        if (++answered === count) resolve();
        next();
      });
    };
    for (let index = 0; index < (hasStreams ? inFlight : Math.min(inFlight, connections)); index++) next();
  });
}

/** The same series in each run (Numerical Recipes' linear congruential generator). */
function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}
