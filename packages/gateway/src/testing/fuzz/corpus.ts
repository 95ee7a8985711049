/** Conversations that are kept, one file each: those that showed a fault once, and valid ones of every kind. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Conversation, readConversation, type WrittenConversation, writeConversation } from "./conversation.ts";

/** A kept conversation. */
export interface CorpusCase {
  readonly id: string;
  /** What it showed, or what it is an example of. */
  readonly why: string;
  readonly conversation: Conversation;
  /** Its answers, in the order they come. */
  readonly outcome: readonly string[];
}

interface WrittenCase extends Omit<CorpusCase, "conversation"> {
  readonly conversation: WrittenConversation;
}

const folder = join(import.meta.dirname, "../../../testdata/fuzz-corpus");

/** Reads all, by id. */
export function readCorpus(): readonly CorpusCase[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.toSorted().map((name) => {
    const written = JSON.parse(readFileSync(join(folder, name), "utf8")) as WrittenCase; // Written by keepCase.
    return { ...written, conversation: readConversation(written.conversation) };
  });
}

/** Keeps one, in place of another with its id. */
export function keepCase(kept: CorpusCase): void {
  const { id, why, outcome } = kept;
  const written: WrittenCase = { id, why, outcome, conversation: writeConversation(kept.conversation) };
  writeFileSync(join(folder, `${id}.json`), `${JSON.stringify(written, undefined, 2)}\n`);
}
