/** Real clients make every public call that they have for inferences and the repository: tritonclient's four, kserve's two, grpcurl, perf_analyzer. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformanceModels } from "../../conformance/models.ts";
import { pythonOf } from "../../python-environment.ts";
import { root } from "../../repository.ts";
import { areAllAccounted, attempted, type ClientCall, callsOfScript, figuresOf, lineOf } from "../harness/client-calls.ts";
import { connect } from "../harness/clients.ts";
import { callsOfCurl } from "../harness/curl.ts";
import { type Ports, startEncryptedServer } from "../harness/encrypted-server.ts";
import { callsOfGrpcurl } from "../harness/grpcurl.ts";
import { callsOfLoadPrograms } from "../harness/load-programs.ts";
import { callsOfPerfAnalyzer, loadedModels } from "../harness/perf-analyzer.ts";
import { createService, waitReady } from "../harness/resources.ts";
import { type Server, startServer } from "../harness/server.ts";
import { difference, type KnownCase, readCases } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

const scripts = join(root, "tools/acceptance/python/real_clients");
const digits = join(root, "samples/digits/digits.onnx");
const cases = join(root, "samples/digits/cases.json");
const tritonClients = ["http", "http.aio", "grpc", "grpc.aio"] as const;
/** A client with fewer calls did not do what its script says. */
const fewestCalls = 10;

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const [data, copy] = [join(folder, "data"), join(folder, "data-encrypted")];
  say("models");
  await deploy(data, folder);
  cpSync(data, copy, { recursive: true });
  const server = await startServer(data);
  const encrypted = await startEncryptedServer(copy, join(folder, "tls"));
  try {
    const ports = { open: hostOf(server), encrypted: hostOf(encrypted.server), files: encrypted.files };
    const known = readCases(cases);
    const inTurn = async (): Promise<readonly ClientCall[]> => [
      ...(await callsOfPython(ports, say)),
      ...(await callsOfPrograms(ports, known, say)),
    ];
    // perf_analyzer beside the others, as it waits more than it works.
    return judged((await Promise.all([inTurn(), callsOfPerfAnalyzer(ports, { folder, known })])).flat());
  } finally {
    await Promise.all([server.stop(), encrypted.server.stop()]);
  }
}

/** The sample model thrice, once to be unloaded, and the models that give back what they get, of every datatype. */
async function deploy(data: string, folder: string): Promise<void> {
  const identities = conformanceModels()
    .filter(({ name }) => name.startsWith("identity_"))
    .map(({ name, bytes }) => {
      const file = join(folder, `${name}.onnx`);
      writeFileSync(file, bytes);
      return { name: name.replaceAll("_", "-"), file };
    });
  const samples = ["digits", "spare", loadedModels.digits].map((name) => ({ name, file: digits }));
  const all = [...samples, ...identities, { name: loadedModels.text, file: join(folder, "identity_bytes.onnx") }];
  const server = await startServer(data);
  try {
    for (const model of all) await createService(server.ready.control, model);
    for (const { name } of all) await waitReady(server.ready.control, name, 60_000);
  } finally {
    await server.stop();
  }
}

function hostOf({ ready }: Server): string {
  return new URL(ready.data).host;
}

async function callsOfPython({ open, encrypted, files }: Ports, say: PointContext["say"]): Promise<readonly ClientCall[]> {
  const calls: ClientCall[] = [];
  const places = [open, cases, encrypted, files.folder];
  for (const name of tritonClients) {
    say(`tritonclient.${name}`);
    calls.push(...(await callsOfScript(await pythonOf("tritonclient"), [join(scripts, "triton_client.py"), name, ...places])));
  }
  say("kserve");
  calls.push(...(await callsOfScript(await pythonOf("kserve"), [join(scripts, "kserve_client.py"), ...places])));
  return calls;
}

async function callsOfPrograms(ports: Ports, known: readonly KnownCase[], say: PointContext["say"]): Promise<readonly ClientCall[]> {
  const [first] = known;
  if (!first) throw new Error(`${cases} has no case`);
  say("grpcurl");
  return [
    ...(await callsOfGrpcurl(ports, first)),
    ...(await callsOfCurl(ports, first)),
    ...(await callsOfLoadPrograms(ports, first)),
    ...(await callsOfNode(`http://${ports.open}`, known)),
  ];
}

/** `fetch` and @grpc/grpc-js, in both encodings of each. */
async function callsOfNode(address: string, known: readonly KnownCase[]): Promise<readonly ClientCall[]> {
  const clients = connect(address);
  try {
    const calls: ClientCall[] = [];
    for (const [call, infer] of Object.entries(clients.infer)) {
      const answer = await attempted({ client: "fetch and @grpc/grpc-js", call: `${call}, ${known.length} images` }, async () => {
        const differences: (string | undefined)[] = [];
        for (const one of known) differences.push(difference(one, await infer("digits", one.inputs)));
        const wrong = differences.filter((found) => found !== undefined);
        return { isRight: wrong.length === 0, answer: wrong.join("; ") || "every answer within tolerance" };
      });
      calls.push(answer);
    }
    return calls;
  } finally {
    clients.close();
  }
}

function judged(calls: readonly ClientCall[]): Measurement {
  const made = (client: string): number =>
    calls.filter((one) => one.client === client && (one.outcome === "right" || one.outcome === "refused")).length;
  const wanted = [...tritonClients.map((name) => `tritonclient.${name}`), "kserve REST", "kserve gRPC", "grpcurl"];
  const silent = wanted.filter((client) => made(client) < fewestCalls);
  return {
    measured: figuresOf(calls).join("; ") + (silent.length === 0 ? "" : `; too few calls: ${silent.join(", ")}`),
    holds: areAllAccounted(calls) && silent.length === 0,
    details: calls.map(lineOf),
  };
}
