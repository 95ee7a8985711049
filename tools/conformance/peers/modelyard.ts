/** Modelyard as its users start it, with the models of the checks deployed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { startServer } from "../../acceptance/harness/server.ts";
import { conformanceModels } from "../models.ts";
import type { Peer } from "./peer.ts";

const readyLimitMs = 120_000;

/** Starts it in a folder. */
export async function startModelyardPeer(folder: string): Promise<Peer> {
  const models = join(folder, "models");
  mkdirSync(models, { recursive: true });
  const server = await startServer(join(folder, "data"));
  const { data, control } = server.ready;
  const names = conformanceModels().map(({ name, bytes }) => {
    writeFileSync(join(models, `${name}.onnx`), bytes);
    return name;
  });
  // Names of objects have no underscore; clients see the name it was deployed under.
  for (const name of names) await createService(control, { name: name.replaceAll("_", "-"), file: join(models, `${name}.onnx`) });
  for (const name of names) await waitReady(control, name.replaceAll("_", "-"), readyLimitMs);
  const { version } = (await (await fetch(`${data}/v2`)).json()) as { readonly version: string };
  const address = new URL(data).host;
  return { name: "Modelyard", version, address, grpc: address, stop: async () => void (await server.stop()) };
}
