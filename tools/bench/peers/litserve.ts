/** LitServe from PyPI as a peer, as it comes: a process for HTTP and one for the model, with ONNX Runtime on one thread. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { alive, freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { pythonOf } from "../../python-environment.ts";
import { processTree } from "../cpu-time.ts";
import type { PeerModel } from "./mlserver.ts";

/** Starts it with one ONNX model; it speaks REST JSON alone. */
export async function startLitServe(folder: string, model: PeerModel): Promise<Peer> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const rest = `http://127.0.0.1:${port}`;
  const script = join(import.meta.dirname, "..", "python", "litserve_onnx.py");
  const peer = await startPeer({
    name: "litserve",
    command: await pythonOf("litserve"),
    args: [script, "--model_name", model.name, "--model_path", model.path, "--port", String(port)],
    folder,
    readyUrl: `${rest}/health`,
    rest,
  });
  return {
    ...peer,
    async stop() {
      const pids = processTree(peer.pid);
      await peer.stop();
      // Its first process ends without those that it forked.
      for (const pid of alive(pids)) process.kill(pid, "SIGKILL");
    },
  };
}
