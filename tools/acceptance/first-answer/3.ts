/** Independent clients make the calls that this issue covers: tritonclient and the kserve SDK from PyPI, and @grpc/grpc-js. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSimpleString } from "../../build-simple-string.ts";
import { pythonOf } from "../../python-environment.ts";
import { capture } from "../../repository.ts";
import { type Clients, connect } from "../harness/clients.ts";
import { startServer } from "../harness/server.ts";
import { readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

interface Call {
  readonly client: string;
  readonly call: string;
  readonly ok: boolean;
  readonly answer: string;
}

const scripts = join(import.meta.dirname, "..", "python");
/** Calls each client makes: fewer means that a script ended early. */
const wanted = { triton: 54, kserve: 19, grpcJs: 8 } as const;

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const server = await startServer(join(folder, "data"));
  const strings = join(folder, "simple_string.onnx");
  writeFileSync(strings, buildSimpleString());
  const mnist = sharedModel("mnist/mnist.onnx");
  const cases = sharedModel("mnist/cases.json");
  try {
    await server.json(["deploy", mnist, "--name", "mnist"]);
    await server.json(["deploy", strings, "--name", "simple_string"]);
    const address = new URL(server.ready.data).host;
    say("tritonclient");
    const triton = await callsOf(await pythonOf("tritonclient"), [
      join(scripts, "triton_calls.py"),
      address,
      "mnist",
      "simple_string",
      cases,
    ]);
    say("kserve");
    const kubeconfig = join(server.ready.dataDir, "kubeconfig");
    const kserve = await callsOf(await pythonOf("kserve"), [join(scripts, "kserve_calls.py"), address, "mnist", cases, kubeconfig, mnist]);
    const grpcJs = await grpcJsCalls(server.ready.data);
    const all = [...triton, ...kserve, ...grpcJs];
    const passed = (calls: readonly Call[]): number => calls.filter(({ ok }) => ok).length;
    const measured = `tritonclient ${passed(triton)}/${wanted.triton}, kserve ${passed(kserve)}/${wanted.kserve}, grpc-js ${passed(grpcJs)}/${wanted.grpcJs}`;
    const holds =
      all.every(({ ok }) => ok) && triton.length === wanted.triton && kserve.length === wanted.kserve && grpcJs.length === wanted.grpcJs;
    return { measured, holds, details: all.map(({ client, call, ok, answer }) => `${ok ? "ok  " : "FAIL"} ${client} ${call}: ${answer}`) };
  } finally {
    await server.stop();
  }
}

async function callsOf(python: string, args: readonly string[]): Promise<readonly Call[]> {
  const { status, output } = await capture(python, args, { limitMs: 120_000 });
  const calls = output.split("\n").flatMap((line) => (line.startsWith('{"client"') ? [JSON.parse(line) as Call] : []));
  const failure = { client: args[0] ?? "", call: "script", ok: false, answer: output.slice(-400) };
  return status === 0 ? calls : [...calls, failure];
}

async function grpcJsCalls(address: string): Promise<readonly Call[]> {
  const clients = connect(address);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  try {
    const inputs = known?.inputs ?? [];
    return [
      await attempt(clients, { method: "ServerLive", request: {}, holds: (answer) => answer["live"] === true }),
      await attempt(clients, { method: "ServerReady", request: {}, holds: (answer) => answer["ready"] === true }),
      await attempt(clients, { method: "ServerMetadata", request: {}, holds: (answer) => answer["name"] === "modelyard" }),
      await attempt(clients, { method: "ModelReady", request: { name: "mnist" }, holds: (answer) => answer["ready"] === true }),
      await attempt(clients, {
        method: "ModelReady",
        request: { name: "mnist", version: "1" },
        holds: (answer) => answer["ready"] === true,
      }),
      await attempt(clients, { method: "ModelMetadata", request: { name: "mnist" }, holds: (answer) => answer["name"] === "mnist" }),
      await inferred("ModelInfer typed", () => clients.infer["gRPC typed"]("mnist", inputs)),
      await inferred("ModelInfer raw", () => clients.infer["gRPC raw"]("mnist", inputs)),
    ];
  } finally {
    clients.close();
  }
}

interface Attempt {
  readonly method: string;
  readonly request: object;
  readonly holds: (answer: Readonly<Record<string, unknown>>) => boolean;
}

async function attempt(clients: Clients, { method, request, holds }: Attempt): Promise<Call> {
  try {
    const answer = await clients.call(method, request);
    return { client: "@grpc/grpc-js", call: method, ok: holds(answer), answer: JSON.stringify(answer).slice(0, 160) };
  } catch (error) {
    return { client: "@grpc/grpc-js", call: method, ok: false, answer: String(error) };
  }
}

async function inferred(call: string, action: () => Promise<readonly { readonly data: readonly unknown[] }[]>): Promise<Call> {
  const outputs = await action();
  const data = outputs[0]?.data.map(Number) ?? [];
  return { client: "@grpc/grpc-js", call, ok: data.indexOf(Math.max(...data)) === 5, answer: data.join(" ").slice(0, 160) };
}
