/** nghttpd from Debian as a peer: a server of HTTP/2 in C++ that answers a gRPC call as if it had been made, with a file and the trailers of success. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";

/** Starts it with one thread; the path answers every request with the message. */
export async function startNghttpd(folder: string, { path, message }: { readonly path: string; readonly message: Buffer }): Promise<Peer> {
  const port = await freePort();
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, message);
  const grpc = `http://127.0.0.1:${port}`;
  const args = ["--no-tls", "--address=127.0.0.1", "--workers=1", `--htdocs=${folder}`, "--trailer=grpc-status: 0", String(port)];
  return startPeer({ name: "nghttpd", command: "nghttpd", args, folder, grpc });
}
