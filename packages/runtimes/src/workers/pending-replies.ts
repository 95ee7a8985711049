/** Commands sent to a runner, a thread or a process, that are not answered: each reply is matched to its command, by its id. */
import { assertNever, failureFromPublic } from "@modelyard/core";
import type { DoneWork, WorkerReply } from "./worker-protocol.ts";

interface Pending {
  readonly resolve: (work: DoneWork) => void;
  readonly reject: (error: unknown) => void;
}

/** See the module. */
export class PendingReplies {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  get size(): number {
    return this.#pending.size;
  }

  /** Sends a command under an id of its own; settles with its reply. */
  ask(send: (id: number) => void): Promise<DoneWork> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Settles the command that this is the reply to, if it is still waited for. */
  settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    switch (reply.kind) {
      case "done":
        return pending?.resolve(reply);
      case "failed":
        return pending?.reject(failureFromPublic(reply.error));
      case "threw":
        return pending?.reject(new Error(reply.message));
      default:
        return assertNever(reply);
    }
  }

  /** Nothing more comes. */
  failAll(error: unknown): void {
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of lost) reject(error);
  }
}
