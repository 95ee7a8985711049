/** REST JSON beside the same handler on fastify, without a model and with one: what our own HTTP and JSON save. */
import { join } from "node:path";
import { freePort, startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { cpuPerRequest, writeBodies } from "../load.ts";
import type { BenchContext, OpenGroup, RowGroup } from "../row.ts";

/** See the module. */
export const fastifyRows: RowGroup = { ids: ["fastify"], open };

const model = "mnist";
const inFlight = 32;

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const path = sharedModel("mnist/mnist.onnx");
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const body = writeBodies(folder, { model, inputs: known?.inputs ?? [] }).rest;
  const [bareGateway, bareFastify, fastifyWithModel] = [
    await startProgram(folder, "gateway-program", []),
    await startProgram(folder, "fastify-program", ["none"]),
    await startProgram(folder, "fastify-program", [path]),
  ];
  const server = await startServer(join(folder, "data"));
  await server.json(["deploy", path, "--name", model]);
  const cpu = (address: string, pid: number) => (): Promise<number> =>
    cpuPerRequest({ address, model, encoding: "rest", body, inFlight }, { pid, requests: 8_000 });
  return {
    rows: [
      {
        id: "fastify-without-model",
        what: `REST JSON with 784 pixels, ${inFlight} connections, no model: CPU a request of gateway and wire beside the same handler on fastify with schemas`,
        unit: "us CPU",
        peer: "fastify 5",
        budget: { kind: "maxRatio", value: 0.6 },
        ours: cpu(bareGateway.rest ?? "", bareGateway.pid),
        theirs: cpu(bareFastify.rest ?? "", bareFastify.pid),
      },
      {
        id: "fastify-with-model",
        what: `The same with MNIST in ONNX Runtime: all our processes beside one of fastify`,
        unit: "us CPU",
        peer: "fastify 5 and onnxruntime-node",
        budget: { kind: "maxRatio", value: 0.75 },
        ours: cpu(server.ready.data, server.ready.pids.supervisor),
        theirs: cpu(fastifyWithModel.rest ?? "", fastifyWithModel.pid),
      },
    ],
    async close() {
      for (const peer of [bareGateway, bareFastify, fastifyWithModel]) await peer.stop();
      await server.stop();
    },
  };
}

async function startProgram(folder: string, name: string, args: readonly string[]): Promise<Peer> {
  const port = await freePort();
  const rest = `http://127.0.0.1:${port}`;
  const script = join(import.meta.dirname, "..", "programs", `${name}.ts`);
  return startPeer({
    name,
    command: process.execPath,
    args: ["--conditions=modelyard-source", script, String(port), ...args],
    folder,
    readyUrl: `${rest}/v2/models/${model}/ready`,
    rest,
  });
}
