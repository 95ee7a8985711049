/** MLServer from PyPI as a peer, with ONNX Runtime as we have it: in process, its cheapest mode, or by default with a process of its own for the model. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { pythonOf } from "../../python-environment.ts";

/** A model of one file. */
export interface PeerModel {
  readonly name: string;
  readonly path: string;
}

/** Starts MLServer with one ONNX model; `workers` as in its setting `parallel_workers`, whose default is 1. */
export async function startMlServer(folder: string, model: PeerModel, workers: 0 | 1): Promise<Peer> {
  const python = await pythonOf("mlserver");
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(import.meta.dirname, "..", "python", "mlserver_onnx.py"), join(folder, "mlserver_onnx.py"));
  const settings = { host: "127.0.0.1", http_port: http, grpc_port: grpc, metrics_port: metrics, parallel_workers: workers, debug: false };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  const implementation = { name: model.name, implementation: "mlserver_onnx.OnnxModel", parameters: { uri: model.path } };
  writeFileSync(join(folder, "model-settings.json"), JSON.stringify(implementation));
  const rest = `http://127.0.0.1:${http}`;
  return startPeer({
    name: "mlserver",
    command: join(dirname(python), "mlserver"),
    args: ["start", folder],
    folder,
    env: { PYTHONPATH: folder, PATH: `${dirname(python)}:${process.env["PATH"]}` },
    readyUrl: `${rest}/v2/models/${model.name}/ready`,
    rest,
    grpc: `http://127.0.0.1:${grpc}`,
  });
}
