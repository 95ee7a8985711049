/** Modelyard as its users start it, with the models of the checks deployed by its own command. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../acceptance/harness/server.ts";
import { conformanceModels } from "../models.ts";
import type { Peer } from "./peer.ts";

/** Starts it in a folder. */
export async function startModelyardPeer(folder: string): Promise<Peer> {
  const models = join(folder, "models");
  mkdirSync(models, { recursive: true });
  const server = await startServer(join(folder, "data"));
  for (const { name, bytes } of conformanceModels()) {
    const file = join(models, `${name}.onnx`);
    writeFileSync(file, bytes);
    await server.json(["deploy", file]);
  }
  const { data } = server.ready;
  const { version } = (await (await fetch(`${data}/v2`)).json()) as { readonly version: string };
  const address = new URL(data).host;
  return { name: "Modelyard", version, address, grpc: address, stop: async () => void (await server.stop()) };
}
