/** KServe's model server from PyPI with the models of the checks in Python. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { pythonOf } from "../../python-environment.ts";
import { conformanceModels } from "../models.ts";
import { type Peer, packageVersion, pythonFolder, startPythonPeer } from "./peer.ts";

/** Starts it in a folder. */
export async function startKServePeer(folder: string): Promise<Peer> {
  const python = await pythonOf("kserve");
  const [http, grpc] = [await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  const models = join(folder, "models.json");
  writeFileSync(models, JSON.stringify(conformanceModels().map(({ bytes: _bytes, ...model }) => model)));
  return startPythonPeer({
    name: "KServe",
    version: await packageVersion(python, "kserve"),
    address: `127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    folder,
    command: [python, join(pythonFolder, "kserve_models.py"), models, String(http), String(grpc)],
  });
}
