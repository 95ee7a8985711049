/** MLServer from PyPI as a peer: in process (`parallel_workers: 0`), its cheapest mode, with ONNX Runtime as we have it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { freePort, until } from "../acceptance/harness/server.ts";
import { pythonOf } from "../python-environment.ts";

/** A running MLServer. */
export interface MlServer {
  readonly pid: number;
  readonly rest: string;
  readonly grpc: string;
  /** From the start of the process until it says that the model is ready, milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Starts MLServer with one ONNX model under a name. */
export async function startMlServer(folder: string, model: { readonly name: string; readonly path: string }): Promise<MlServer> {
  const python = await pythonOf("mlserver");
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(import.meta.dirname, "python", "mlserver_onnx.py"), join(folder, "mlserver_onnx.py"));
  const settings = { host: "127.0.0.1", http_port: http, grpc_port: grpc, metrics_port: metrics, parallel_workers: 0, debug: false };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  writeFileSync(
    join(folder, "model-settings.json"),
    JSON.stringify({ name: model.name, implementation: "mlserver_onnx.OnnxModel", parameters: { uri: model.path } }),
  );
  const log = openSync(join(folder, "mlserver.log"), "a");
  const started = performance.now();
  const child = spawn(join(dirname(python), "mlserver"), ["start", folder], {
    cwd: folder,
    stdio: ["ignore", log, log],
    env: { ...process.env, PYTHONPATH: folder, PATH: `${dirname(python)}:${process.env["PATH"]}` },
  });
  const rest = `http://127.0.0.1:${http}`;
  await until(() => ready(child, `${rest}/v2/models/${model.name}/ready`), { limitMs: 60_000, everyMs: 20 });
  return { pid: child.pid ?? 0, rest, grpc: `http://127.0.0.1:${grpc}`, startMs: performance.now() - started, stop: () => stop(child) };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  if (child.exitCode !== null) throw new Error(`MLServer ended with ${child.exitCode}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`MLServer answers ${response.status}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}
