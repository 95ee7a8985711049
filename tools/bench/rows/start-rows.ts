/** How long a start takes: until everything is ready, and from nothing to the first answer. */
import { join } from "node:path";
import { startServer } from "../../acceptance/harness/server.ts";
import { sharedModel } from "../../acceptance/harness/shared-data.ts";
import { startMlServer } from "../peers/mlserver.ts";
import type { BenchContext, OpenGroup, RowGroup } from "../row.ts";

/** See the module. */
export const startRows: RowGroup = {
  ids: ["start"],
  title: "Start",
  about: "Wall time from the spawn of the first process.",
  open,
};

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  let count = 0;
  const next = (name: string): string => join(folder, `${name}-${count++}`);
  const model = { name: "mnist", path: sharedModel("mnist/mnist.onnx") };
  const mlserver = (workers: 0 | 1) => async (): Promise<number> => {
    const peer = await startMlServer(next("mlserver"), model, workers);
    await peer.stop();
    return peer.startMs;
  };
  return {
    rows: [
      {
        id: "start-to-ready",
        what: "`modelyard up` on an empty folder until it is ready: how long a restart takes",
        unit: "ms",
        peer: "MLServer 1.7.1 in process",
        budget: { kind: "maxValue", value: 1_000 },
        async ours() {
          const server = await startServer(next("start"));
          await server.stop();
          return server.startMs;
        },
        theirs: mlserver(0),
      },
      {
        id: "start-to-inference",
        what: "`modelyard up` with a model that is deployed until its first answer, beside MLServer as it comes until its model is ready",
        unit: "ms",
        peer: "MLServer 1.7.1 as it comes",
        budget: { kind: "maxRatio", value: 1 / 6 },
        ours: await deployedStart(next("deployed"), model),
        theirs: mlserver(1),
      },
    ],
    close: () => Promise.resolve(),
  };
}

/** Deploys once; each measurement starts the same folder again and asks at once. */
async function deployedStart(
  folder: string,
  { name, path }: { readonly name: string; readonly path: string },
): Promise<() => Promise<number>> {
  const first = await startServer(folder);
  await first.json(["deploy", path, "--name", name]);
  await first.stop();
  const body = JSON.stringify({
    inputs: [{ name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28], data: Array.from({ length: 784 }, () => 0) }],
  });
  return async () => {
    const startedMs = performance.now();
    const server = await startServer(folder);
    const answer = await fetch(`${server.ready.data}/v2/models/${name}/infer`, { method: "POST", body });
    const tookMs = performance.now() - startedMs;
    await answer.arrayBuffer();
    await server.stop();
    if (!answer.ok) throw new Error(`the first request was answered with ${answer.status}`);
    return tookMs;
  };
}
