/** Serves a store over the etcd v3 API on a Unix socket that only its owner can reach, so that a second process or `etcdctl` joins. */
import { chmod, lstat, rm } from "node:fs/promises";
import { createWireServer } from "@modelyard/wire";
import type { Store } from "../../contract.ts";
import { type EtcdFaceOptions, etcdFace } from "./etcd-face.ts";

/** Options of {@link serveEtcd}. */
export interface ServeEtcdOptions extends EtcdFaceOptions {
  /** Path of the Unix socket; one that a process left behind is replaced. Its folder should admit its owner only. */
  readonly path: string;
}

/** A running server. */
export interface EtcdServer {
  readonly path: string;
  /** Ends watches and waits for requests in flight, at most `graceMs` (default 1 s), then closes. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

const ownerOnly = 0o600;
const defaultGraceMs = 1_000;

/** Starts it; resolves when it listens. The store is not closed with it. */
export async function serveEtcd(store: Store, options: ServeEtcdOptions): Promise<EtcdServer> {
  const { path, clock, log } = options;
  const face = etcdFace(store, options);
  const server = createWireServer({ clock, log }, face.handle);
  await removeSocket(path);
  await server.listen({ path });
  await chmod(path, ownerOnly);
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    face.endStreams();
    await server.drain(graceMs);
    await server.close();
    await removeSocket(path);
  };
  return {
    path,
    close(graceMs = defaultGraceMs) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

/** Only ever a socket: a file of that name was not made by us, and listening then says so. */
async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await rm(path, { force: true });
}
