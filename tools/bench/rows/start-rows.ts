/** How long a start takes: until everything is ready, and from nothing to the first answer. */
import { join } from "node:path";
import { type Server, startServer, until } from "../../acceptance/harness/server.ts";
import { difference, type JsonTensor, type KnownCase, readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { type PeerModel, startMlServer } from "../peers/mlserver.ts";
import type { BenchContext, OpenGroup, RowGroup } from "../row.ts";
import { startServingProcess } from "../serving-process.ts";

/** See the module. */
export const startRows: RowGroup = {
  ids: ["start"],
  title: "Start",
  about:
    "Wall time from the spawn of the first process. To the first answer: the model is deployed and prepared before, the answer is asked for until it is there, and it has to be right.",
  open,
};

const model: PeerModel = { name: "mnist", path: "mnist/mnist.onnx" };

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  let count = 0;
  const next = (name: string): string => join(folder, `${name}-${count++}`);
  const served = { ...model, path: sharedModel(model.path) };
  const [known] = readCases(sharedModel("mnist/cases.json"));
  if (!known) throw new Error("mnist/cases.json has no case");
  const [running, restarted] = [await deployed(next("running"), served), next("restarted")];
  await (await deployed(restarted, served)).stop();
  const mlserver = (workers: 0 | 1, last: "ready" | "answer") => async (): Promise<number> => {
    const peer = await startMlServer(next("mlserver"), served, workers);
    const startMs = performance.now() - peer.startMs;
    const tookMs = last === "ready" ? peer.startMs : await firstAnswer(peer.rest ?? "", known, startMs);
    await peer.stop();
    return tookMs;
  };
  return {
    rows: [
      {
        id: "start-to-ready",
        what: "`modelyard up` on an empty folder until it is ready: how long a restart takes",
        unit: "ms",
        peer: "MLServer 1.7.1 in process, with a model",
        budget: { kind: "maxValue", value: 1_000 },
        async ours() {
          const server = await startServer(next("start"));
          await server.stop();
          return server.startMs;
        },
        theirs: mlserver(0, "ready"),
      },
      {
        id: "start-to-inference",
        what: "A serving process (`modelyard serve`) until its first right answer: how long a crash or a new process is felt",
        unit: "ms",
        peer: "MLServer 1.7.1 as it comes",
        budget: { kind: "maxRatio", value: 1 / 6 },
        async ours() {
          const startMs = performance.now();
          const serving = await startServingProcess(running.ready.dataDir);
          const tookMs = await firstAnswer(serving.address, known, startMs);
          await serving.stop();
          return tookMs;
        },
        theirs: mlserver(1, "answer"),
      },
      {
        id: "start-up-to-inference",
        what: "`modelyard up`, all of its processes, with a model until its first right answer: how long a restart of the machine is felt",
        unit: "ms",
        peer: "MLServer 1.7.1 as it comes",
        async ours() {
          const startMs = performance.now();
          const server = await startServer(restarted);
          const tookMs = await firstAnswer(server.ready.data, known, startMs);
          await server.stop();
          return tookMs;
        },
        theirs: mlserver(1, "answer"),
      },
    ],
    close: async () => void (await running.stop()),
  };
}

async function deployed(folder: string, { name, path }: PeerModel): Promise<Server> {
  const server = await startServer(folder);
  await server.json(["deploy", path, "--name", name]);
  return server;
}

/** Milliseconds from then to the first right answer. */
async function firstAnswer(address: string, known: KnownCase, startMs: number): Promise<number> {
  const body = JSON.stringify({ inputs: known.inputs });
  const ask = async (): Promise<readonly JsonTensor[]> => {
    const answer = await fetch(`${address}/v2/models/${model.name}/infer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the first request was answered with ${answer.status}: ${text}`);
    return (JSON.parse(text) as { readonly outputs: readonly JsonTensor[] }).outputs;
  };
  const outputs = await until(ask, { limitMs: 30_000, everyMs: 2 });
  const tookMs = performance.now() - startMs;
  const wrong = difference(known, outputs);
  if (wrong !== undefined) throw new Error(`the first answer is wrong: ${wrong}`);
  return tookMs;
}
