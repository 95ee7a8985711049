/** Holds one conversation and looks at everything it may have left behind. */
import type { Answers } from "./answers.ts";
import type { Conversation } from "./conversation.ts";
import type { FuzzServer } from "./fuzz-server.ts";
import { leftBehind, settledFigures } from "./left-behind.ts";
import { runConversation } from "./run-conversation.ts";

/** Turns of the server that a pause takes here, so that answers which take their time (a worker's, those of compressed bodies) have come. */
const turnsOfPause = 20;

/** Its answers, with what is wrong with them and with the server afterwards. */
export async function holdAlone(server: FuzzServer, conversation: Conversation): Promise<Answers> {
  const before = await server.figures();
  const { labels, problems } = await runConversation(conversation, { port: server.port, pause: () => turns(server) });
  await server.probe.turn();
  const crash = await server.crash();
  if (crash !== undefined) return { labels, problems: [...problems, crash] };
  const after = await settledFigures(server, before.bufferedBytes);
  return { labels, problems: [...problems, ...leftBehind(after, before), ...server.takeLogged()] };
}

async function turns(server: FuzzServer): Promise<void> {
  for (let turn = 0; turn < turnsOfPause; turn++) await server.probe.turn();
}
