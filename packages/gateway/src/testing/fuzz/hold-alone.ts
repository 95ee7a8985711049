/** Holds one conversation and looks at everything it may have left behind. */
import type { Answers } from "./answers.ts";
import type { Conversation } from "./conversation.ts";
import type { FuzzServer } from "./fuzz-server.ts";
import { leftBehind, settledFigures } from "./left-behind.ts";
import { runConversation } from "./run-conversation.ts";

/** Turns of the server that a pause takes here, and how often it is asked after them whether answers that take their time have gone: a worker's, those of compressed bodies. */
const turnsOfPause = 20;
const maxAsked = 10;

/** Its answers, with what is wrong with them and with the server afterwards. */
export async function holdAlone(server: FuzzServer, conversation: Conversation): Promise<Answers> {
  const before = await server.figures();
  const { labels, problems } = await runConversation(conversation, { port: server.port, pause: () => answered(server) });
  await server.probe.turn();
  const crash = await server.crash();
  if (crash !== undefined) return { labels, problems: [...problems, crash] };
  const after = await settledFigures(server, before.bufferedBytes);
  return { labels, problems: [...problems, ...leftBehind(after, before), ...server.takeLogged()] };
}

/** Requests that are not complete are not answered: they are in flight until the conversation ends. */
async function answered(server: FuzzServer): Promise<void> {
  for (let turn = 0; turn < turnsOfPause; turn++) await server.probe.turn();
  for (let asked = 0; asked < maxAsked; asked++) if ((await server.figures()).inFlight === 0) break;
  await server.probe.turn();
}
