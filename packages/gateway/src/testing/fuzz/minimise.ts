/** Makes a conversation that shows a fault smaller as long as it shows it: fewer steps, then fewer bytes (delta debugging, without memory). */
import type { Conversation, Step } from "./conversation.ts";

/** Trials after which what was reached is good enough. */
const maxTrials = 400;

/** Gives a smaller one, or the same. `shows` tells whether a conversation still does what is looked into. */
export async function minimise(conversation: Conversation, shows: (smaller: Conversation) => Promise<boolean>): Promise<Conversation> {
  let left = maxTrials;
  const { ending } = conversation;
  const trial = (steps: readonly Step[]): Promise<boolean> => (left-- > 0 ? shows({ steps, ending }) : Promise.resolve(false));
  const steps = await withoutParts(conversation.steps, (fewer) => trial(fewer));
  const smaller = [...steps];
  for (const [at, step] of smaller.entries()) {
    if (step.kind !== "send") continue;
    const bytes = await withoutParts([...step.bytes], (fewer) => trial(smaller.with(at, { kind: "send", bytes: Buffer.from(fewer) })));
    smaller[at] = { kind: "send", bytes: Buffer.from(bytes) };
  }
  return { steps: smaller, ending };
}

/** Leaves out parts, halves first, then ever shorter ones. */
async function withoutParts<T>(items: readonly T[], shows: (fewer: readonly T[]) => Promise<boolean>): Promise<readonly T[]> {
  let kept = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const fewer = kept.toSpliced(at, size);
      if (fewer.length < kept.length && (await shows(fewer))) kept = fewer;
      else at += size;
    }
  }
  return kept;
}
