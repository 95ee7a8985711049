/** KServe's model server from PyPI as a peer, with ONNX Runtime on one thread in its process. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { pythonOf } from "../../python-environment.ts";
import type { PeerModel } from "./mlserver.ts";

/** Starts it with one ONNX model. */
export async function startKserveServer(folder: string, model: PeerModel): Promise<Peer> {
  const python = await pythonOf("kserve-onnx");
  const [http, grpc] = [await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  const rest = `http://127.0.0.1:${http}`;
  const script = join(import.meta.dirname, "..", "python", "kserve_onnx.py");
  return startPeer({
    name: "kserve",
    command: python,
    args: [
      script,
      "--model_path",
      model.path,
      "--model_name",
      model.name,
      "--http_port",
      String(http),
      "--grpc_port",
      String(grpc),
      "--workers",
      "1",
    ],
    folder,
    readyUrl: `${rest}/v2/models/${model.name}/ready`,
    rest,
    grpc: `http://127.0.0.1:${grpc}`,
  });
}
