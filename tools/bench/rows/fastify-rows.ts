/** REST JSON beside the same handler on fastify, without a model and with one: what our own HTTP and JSON save. */
import { join } from "node:path";
import { freePort, startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { cpuSample, type Load, ourWarmUp, warmUp, writeBodies } from "../load.ts";
import { type BenchContext, gatedPairs, type OpenGroup, type RowGroup, type Sample } from "../row.ts";

const model = "mnist";
const inFlight = 32;

/** See the module. */
export const fastifyRows: RowGroup = {
  ids: ["fastify"],
  title: "REST JSON beside the same handler on fastify",
  about: `784 pixels a request on ${inFlight} connections. The handler is the same: it checks the request by schemas and against the signature of the model, and runs the same model by ONNX Runtime on one thread, as its users would. Ours counts, limits and logs as it does for its users. Every server has answered ${ourWarmUp} requests before the first sample.`,
  open,
};

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
  const loadOf = (address = ""): Load => ({ address, model, encoding: "rest", body, inFlight });
  const cpuOf =
    ({ pid, rest }: Pick<Peer, "pid" | "rest">) =>
    (): Promise<Sample> =>
      cpuSample(loadOf(rest), { pid, requests: 6_000 });
  const peers = [bareGateway, bareFastify, fastifyWithModel];
  for (const address of [...peers.map(({ rest }) => rest), server.ready.data]) await warmUp([loadOf(address)], ourWarmUp);
  return {
    rows: [
      {
        id: "fastify-without-model",
        what: `REST JSON with 784 pixels, ${inFlight} connections, no model: CPU a request of gateway and wire beside the same handler on fastify: what our own HTTP and JSON save`,
        unit: "us CPU",
        peer: "fastify 5",
        budget: { kind: "maxRatio", value: 0.6 },
        pairs: gatedPairs,
        ours: cpuOf(bareGateway),
        theirs: cpuOf(bareFastify),
      },
      {
        id: "fastify-with-model",
        what: `The same with MNIST in ONNX Runtime: all our processes beside one of fastify`,
        unit: "us CPU",
        peer: "fastify 5 and onnxruntime-node",
        budget: { kind: "maxRatio", value: 0.75 },
        pairs: gatedPairs,
        ours: cpuOf({ rest: server.ready.data, pid: server.ready.pids.supervisor }),
        theirs: cpuOf(fastifyWithModel),
      },
    ],
    async close() {
      for (const peer of peers) await peer.stop();
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
