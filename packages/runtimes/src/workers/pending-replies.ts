/** Commands sent to a runner, a thread or a process, that are not answered: each reply is matched to its command, by its id. */
import { assertNever, failureFromPublic, IdSlots } from "@modelyard/core";
import type { DoneWork, WorkerReply } from "./worker-protocol.ts";

interface Pending {
  readonly id: number;
  readonly resolve: (work: DoneWork) => void;
  readonly reject: (error: unknown) => void;
}

/** See the module. */
export class PendingReplies {
  readonly #pending = new IdSlots<Pending>();
  #nextId = 1;

  get size(): number {
    return this.#pending.size;
  }

  /** Sends a command under an id of its own; settles with its reply. */
  ask(send: (id: number) => void): Promise<DoneWork> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.add({ id, resolve, reject });
      send(id);
    });
  }

  /** Settles the command that this is the reply to, if it is still waited for. */
  settle(reply: WorkerReply): void {
    const pending = this.#pending.take(reply.id);
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
    for (const { id, reject } of this.#pending.all()) {
      this.#pending.take(id);
      reject(error);
    }
  }
}
