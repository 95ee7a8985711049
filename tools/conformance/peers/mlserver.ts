/** MLServer from PyPI with the models of the checks in Python. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { pythonOf } from "../../python-environment.ts";
import { conformanceModels } from "../models.ts";
import { type Peer, packageVersion, startPythonPeer } from "./peer.ts";

/** Starts it in a folder. */
export async function startMlServerPeer(folder: string): Promise<Peer> {
  const python = await pythonOf("mlserver");
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  const settings = { host: "127.0.0.1", http_port: http, grpc_port: grpc, metrics_port: metrics, parallel_workers: 0, debug: false };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  for (const { name, inputs, outputs } of conformanceModels()) {
    mkdirSync(join(folder, name), { recursive: true });
    const model = { name, implementation: "mlserver_models.ConformanceModel", inputs, outputs, parameters: { version: "1" } };
    writeFileSync(join(folder, name, "model-settings.json"), JSON.stringify(model));
  }
  return startPythonPeer({
    name: "MLServer",
    version: await packageVersion(python, "mlserver"),
    address: `127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    folder,
    command: [join(dirname(python), "mlserver"), "start", folder],
  });
}
