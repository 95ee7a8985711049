/** The least program that runs the model, under the flags of a serving process: below its memory nothing on Node can come. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";
import { ourWarmUp, warmUp } from "../load.ts";

const inFlight = 16;

/** What {@link startFloor} is given. */
export interface FloorOptions {
  readonly folder: string;
  readonly modelPath: string;
  /** A process of Node whose flags it takes. */
  readonly likePid: number;
}

/** Starts it with the model and sends it as many requests as ours has answered of one encoding. */
export async function startFloor({ folder, modelPath, likePid }: FloorOptions): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const script = join(import.meta.dirname, "..", "programs", "floor-program.mjs");
  const args = [...nodeFlagsOf(likePid), script, String(port), modelPath];
  const peer = await startPeer({ name: "floor", command: process.execPath, args, folder, rest: url });
  const file = join(folder, "floor.bin");
  writeFileSync(file, new Uint8Array(784 * Float32Array.BYTES_PER_ELEMENT));
  await warmUp([{ url, isHttp2: false, body: { file, headers: [] }, inFlight, connections: inFlight }], ourWarmUp);
  return peer;
}

function nodeFlagsOf(pid: number): readonly string[] {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1);
  return words.slice(
    0,
    words.findIndex((word) => !word.startsWith("--")),
  );
}
