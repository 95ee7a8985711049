/**
 * Hands sockets to one child, one at a time: the next goes when the child has said that the last arrived.
 * So at most one socket is lost to a child that dies, and it is closed here, never left hanging.
 *
 * This process keeps its own copy of a socket until then (`keepOpen`): one that Node sent and let go of stays open for ever when the child
 * dies before it takes it. Closing the copy afterwards leaves the connection to the child.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { ConnectionTaker } from "./data-port.ts";
import type { FromChild, ToChild } from "./messages.ts";

/** The sockets of one child process, from its start to its end. */
export interface HandOver extends ConnectionTaker {
  /** From here on the child can take connections. */
  open(): void;
  /** It is handed no more; one that is on its way may still arrive. */
  retire(): void;
  /** The child is gone: a socket it has not acknowledged is closed. */
  shut(): void;
  /** Takes note of a message that concerns connections. */
  observe(message: FromChild): void;
}

/** Starts closed; `onFree` is called whenever the child may be able to take another connection. */
export function handOverTo(child: ChildProcess, onFree: () => void): HandOver {
  let isOpen = false;
  let handed = 0;
  let closed = 0;
  let outstanding: { readonly id: number; readonly socket: Socket } | undefined;

  const lose = (id: number): void => {
    if (outstanding?.id !== id) return;
    outstanding.socket.destroy();
    outstanding = undefined;
    closed++;
    onFree();
  };
  return {
    get isFree() {
      return isOpen && outstanding === undefined;
    },
    get connectionCount() {
      return handed - closed;
    },
    take(socket) {
      const id = ++handed;
      outstanding = { id, socket };
      const message: ToChild = { kind: "connection", id };
      child.send(message, socket, { keepOpen: true }, (error) => {
        if (error) lose(id);
      });
    },
    open() {
      isOpen = true;
      onFree();
    },
    retire() {
      isOpen = false;
    },
    shut() {
      isOpen = false;
      if (outstanding) lose(outstanding.id);
    },
    observe(message) {
      if (message.kind === "closed") closed = message.total;
      if (message.kind === "accepted" && outstanding?.id === message.id) {
        outstanding.socket.destroy();
        outstanding = undefined;
        onFree();
      }
    },
  };
}
