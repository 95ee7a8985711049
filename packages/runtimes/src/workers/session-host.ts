/** The models of one runner, a thread or a process, and the commands it is given about them. */
import { assert, assertNever, PlatformError } from "@modelyard/core";
import type { InferSink } from "../contract.ts";
import { largestTogetherBytes, type ModelSession, openModelSession, type SessionThread } from "../onnx/model-session.ts";
import { packTensor, unpackTensor } from "./packed-tensor.ts";
import type { DoneWork, WorkerCommand, WorkerReply } from "./worker-protocol.ts";

const nothing: DoneWork = { outputs: [] };

/** See the module. */
export class SessionHost {
  readonly #thread: SessionThread;
  readonly #sessions = new Map<number, ModelSession>();
  /** Most requests that run together, of models of which some do. */
  readonly #mostTogether = new Map<number, number>();

  constructor(thread: SessionThread) {
    this.#thread = thread;
  }

  /** Commands of the same model that make one turn with this one: those that may run together with it. */
  turnSizeOf(first: WorkerCommand): number {
    if (first.kind !== "run") return 1;
    const most = this.#mostTogether.get(first.handle) ?? 1;
    return most > 1 && first.inputs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) <= largestTogetherBytes ? most : 1;
  }

  /** Does what a command says; never rejects. A run without company, and without the public interface of the library, is over when this returns. */
  async answer(command: WorkerCommand): Promise<WorkerReply> {
    const { id } = command;
    try {
      return { kind: "done", id, ...(await this.#execute(command)) };
    } catch (error) {
      if (PlatformError.is(error)) return { kind: "failed", id, error: error.toPublic() };
      return { kind: "threw", id, message: error instanceof Error ? error.message : String(error) };
    }
  }

  async #execute(command: WorkerCommand): Promise<DoneWork> {
    switch (command.kind) {
      case "start":
        // That it can answer says that it has started.
        return nothing;
      case "load":
        this.#sessions.set(command.handle, await openModelSession(command.plan, this.#thread));
        if (command.plan.batching) this.#mostTogether.set(command.handle, command.plan.batching.maxRows);
        return nothing;
      case "unload":
        await this.#sessionOf(command.handle).release();
        this.#sessions.delete(command.handle);
        this.#mostTogether.delete(command.handle);
        return nothing;
      case "run":
        return this.#run(command);
      case "close":
        for (const session of this.#sessions.values()) await session.release();
        this.#sessions.clear();
        this.#thread.journal.close();
        return nothing;
      default:
        return assertNever(command);
    }
  }

  #run({ handle, inputs, outputNames }: Extract<WorkerCommand, { kind: "run" }>): Promise<DoneWork> {
    const session = this.#sessionOf(handle);
    return new Promise((resolve, reject) => {
      const ran: InferSink["ran"] = (outputs, shared) => resolve({ outputs: outputs.map(packTensor), shared });
      session.runTo({ inputs: inputs.map(unpackTensor), outputNames }, { ran, failed: reject });
    });
  }

  #sessionOf(handle: number): ModelSession {
    const session = this.#sessions.get(handle);
    assert(session, "a runner is asked for models it was given");
    return session;
  }
}
