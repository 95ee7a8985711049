/** Faults that a test plants in the fuzzed server, to see that the fuzzer finds them. */
import { failure, type Log } from "@modelyard/core";
import { type RequestHandler, responseHead } from "@modelyard/wire";

/** Names of the faults. */
export const plantedFaultNames = ["crash", "block", "lost memory", "error in the log", "unforeseen status"] as const;

/** What is wrong with a server. */
export type PlantedServerFault = (typeof plantedFaultNames)[number];

/** The fault of that name; undefined when there is none. */
export function parsePlantedFault(text: string | undefined): PlantedServerFault | undefined {
  return plantedFaultNames.find((name) => name === text);
}

/** Number of the request that shows the fault. */
const faultyRequest = 100;
/** Of computing. */
const blockMicros = 1_100_000;

/** A handler with a fault. */
export function withPlantedFault(onRequest: RequestHandler, fault: PlantedServerFault, log: Log): RequestHandler {
  let requests = 0;
  return (exchange) => {
    requests++;
    // An answer may have nobody who reads it, so there are more of that one.
    if (fault === "unforeseen status" ? requests % 10 !== 0 : requests !== faultyRequest) return onRequest(exchange);
    switch (fault) {
      case "crash":
        process.exit(3);
        break;
      case "block":
        for (const from = process.threadCpuUsage(); process.threadCpuUsage(from).user < blockMicros; );
        break;
      case "lost memory":
        exchange.connection.buffers?.move(1);
        break;
      case "error in the log":
        log.error("planted", failure("INTERNAL", {}));
        break;
      case "unforeseen status":
        exchange.respond({ head: responseHead(500) });
        break;
    }
    return exchange.isOver ? ignored : onRequest(exchange);
  };
}

const ignored: ReturnType<RequestHandler> = { onData() {}, onEnd() {}, onAbort() {} };
