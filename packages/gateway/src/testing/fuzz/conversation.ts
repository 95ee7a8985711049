/** A conversation with the data port: what a client sends on one connection, in which pieces, and how it ends. */

/** A step of the client. */
export type Step =
  | { readonly kind: "send"; readonly bytes: Buffer }
  /** Waits until the server has done what it can with what it has: another connection got an answer meanwhile. */
  | { readonly kind: "pause" };

/** See the module. */
export interface Conversation {
  readonly steps: readonly Step[];
  /** `end`: the client ends its side and reads to the end; `reset`: it is gone. */
  readonly ending: "end" | "reset";
}

/** A conversation as JSON: pieces in base64, `null` for a pause. */
export interface WrittenConversation {
  readonly steps: readonly (string | null)[];
  readonly ending: Conversation["ending"];
}

/** Everything that is sent. */
export function sentBytes({ steps }: Conversation): Buffer {
  return Buffer.concat(steps.flatMap((step) => (step.kind === "send" ? [step.bytes] : [])));
}

/** For a file. */
export function writeConversation({ steps, ending }: Conversation): WrittenConversation {
  return { steps: steps.map((step) => (step.kind === "send" ? step.bytes.toString("base64") : null)), ending };
}

/** From a file. */
export function readConversation({ steps, ending }: WrittenConversation): Conversation {
  return {
    steps: steps.map((step) => (step === null ? { kind: "pause" } : { kind: "send", bytes: Buffer.from(step, "base64") })),
    ending,
  };
}
