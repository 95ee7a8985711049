/** One input, alone on a server of its own: to look at what a campaign found, and to keep it. */
import { type Conversation, sentBytes } from "./conversation.ts";
import { keepCase } from "./corpus.ts";
import { fuzzInput, type InputKind } from "./fuzz-input.ts";
import { FuzzServer } from "./fuzz-server.ts";
import { holdAlone } from "./hold-alone.ts";
import { minimise } from "./minimise.ts";

/** An input of a seed. */
export interface FuzzInputId {
  readonly seed: number;
  readonly input: number;
}

/** What came of it. */
export interface FuzzTrial {
  readonly kind: InputKind;
  /** What is sent, as the text of a JSON string. */
  readonly text: string;
  readonly labels: readonly string[];
  readonly problems: readonly string[];
}

/** Holds it. */
export async function tryFuzzInput({ seed, input }: FuzzInputId): Promise<FuzzTrial> {
  const { kind, conversation } = fuzzInput(seed, input);
  await using server = await FuzzServer.start();
  const { labels, problems } = await holdAlone(server, conversation);
  return { kind, text: JSON.stringify(sentBytes(conversation).toString("latin1")), labels, problems };
}

/** Adds it to the corpus; one that shows a problem as small as it can be while it shows that. */
export async function keepFuzzInput({ seed, input, id, why }: FuzzInputId & { readonly id: string; readonly why: string }): Promise<void> {
  const { conversation } = fuzzInput(seed, input);
  await using server = await FuzzServer.start();
  const shown = async (candidate: Conversation): Promise<string> => {
    const { problems } = await holdAlone(server, candidate);
    // Figures in a problem may change while it stays the same.
    return problems.join("\n").replaceAll(/\d+/g, "#");
  };
  const problem = await shown(conversation);
  const smallest = problem === "" ? conversation : await minimise(conversation, async (smaller) => (await shown(smaller)) === problem);
  const { labels: outcome } = await holdAlone(server, smallest);
  keepCase({ id, why, conversation: smallest, outcome });
}
