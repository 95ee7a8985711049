/** Another server, started to be sent the checks. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { startPeer } from "../../peers/start-peer.ts";
import { capture } from "../../repository.ts";

/** A running server. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** `host:port` of REST. */
  readonly address: string;
  /** `host:port` of gRPC. */
  readonly grpc: string;
  stop(): Promise<void>;
}

/** How one is started. */
export interface PeerStart extends Pick<Peer, "name" | "version" | "address" | "grpc"> {
  /** Folder it runs in. */
  readonly folder: string;
  readonly command: readonly [program: string, ...args: string[]];
}

/** Folder of the models in Python. */
export const pythonFolder: string = join(import.meta.dirname, "..", "python");

/** Starts it and waits until the model `mnist` is ready. */
export async function startPythonPeer({ folder, command: [command, ...args], ...peer }: PeerStart): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const env = { PYTHONPATH: pythonFolder, PATH: `${dirname(command)}:${process.env["PATH"]}` };
  const readyUrl = `http://${peer.address}/v2/models/mnist/ready`;
  const started = await startPeer({ name: peer.name, command, args, folder, env, readyUrl });
  return { ...peer, stop: () => started.stop() };
}

/** Version of a package in an environment of Python. */
export async function packageVersion(python: string, name: string): Promise<string> {
  const { output } = await capture(python, ["-c", `import importlib.metadata as m; print(m.version("${name}"))`]);
  return output.trim();
}
