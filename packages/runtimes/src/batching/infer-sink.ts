/** Answers of runs, given to who waits for them or waited for as promises. */
import type { InferResult, InferSink } from "../contract.ts";

/** Runs a request by itself and gives its answer on. Never throws. */
export function runAlone(run: () => InferResult, sink: InferSink): void {
  let result: InferResult;
  try {
    result = run();
  } catch (error) {
    return sink.failed(error);
  }
  if (!(result instanceof Promise)) return sink.ran(result, undefined);
  result.then(
    (outputs) => sink.ran(outputs, undefined),
    (error: unknown) => sink.failed(error),
  );
}

/** What is given on, as a promise. */
export function promisedResult(start: (sink: InferSink) => void): Promise<Awaited<InferResult>> {
  return new Promise((resolve, reject) => start({ ran: resolve, failed: reject }));
}
