/**
 * The data port of a server with one serving process: bound here and held until the end, listened on and accepted from by the process that is
 * ready. A connection nobody has accepted waits with the kernel, and is accepted by the next process when one dies: no process loses it.
 *
 * This process must not listen itself, or it would accept: the first child does, as soon as it runs. `node:net` has no public way to bind without
 * listening; this is the one that `node:cluster` has its workers share a port by.
 */
import type { SendHandle } from "node:child_process";
import { lookup } from "node:dns/promises";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";
import type { DataPort } from "./data-port.ts";

/** What is used of Node's handle of a server socket; failures are negative numbers of the system's errors. */
interface ServerHandle {
  getsockname(found: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (address: string, port: number, family: number) => ServerHandle | number;

// Not among the published types.
const { _createServerHandle: createServerHandle } = net as unknown as { readonly _createServerHandle: CreateServerHandle };

/** Binds a port, 0 for any free one. Rejects with the system's error (`EADDRINUSE` …), as `listen` would. */
export async function holdPort({ address, port }: { readonly address: string; readonly port: number }): Promise<DataPort> {
  const found = await lookup(address);
  const handle = createServerHandle(found.address, port, found.family);
  if (typeof handle === "number") throw systemError(handle);
  // That somebody else listens shows here, not when it was bound.
  const bound: { port?: number } = {};
  const status = handle.getsockname(bound);
  if (status < 0 || bound.port === undefined) {
    handle.close();
    throw systemError(status);
  }
  let isOpen = true;
  return {
    port: bound.port,
    // Sent as it is: the kinds of sockets that the type names are made of such handles.
    handle: handle as unknown as SendHandle,
    dispatch() {
      // Nothing waits in this process.
    },
    close() {
      if (isOpen) handle.close();
      isOpen = false;
    },
  };
}

function systemError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`bind ${code}`), { code });
}
