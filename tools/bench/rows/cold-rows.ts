/** How long the answer of a model takes that is prepared and not in memory. A group of its own, as the many models of `density` keep the disk busy. */
import { Agent, request } from "node:http";
import { join } from "node:path";
import { writeDistinctModels } from "../../acceptance/harness/distinct-models.ts";
import { createService } from "../../acceptance/harness/resources.ts";
import { startServer, until } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { type BenchContext, median, type OpenGroup, type RowGroup } from "../row.ts";

/** See the module. */
export const coldRows: RowGroup = {
  ids: ["cold"],
  title: "A model that is not in memory",
  about: "More models than fit, asked in turn, so that each has to be loaded when its turn comes and another is evicted for it.",
  open: ({ folder }) => Promise.resolve(open(folder)),
};

function open(folder: BenchContext["folder"]): OpenGroup {
  return {
    rows: [
      {
        id: "cold-answer",
        what: `${coldModels} models in memory for 7, asked in turn over REST, after ${warmUpRounds} turns to warm up: median time to the answer of a model that is prepared and not in memory, load and eviction included`,
        unit: "ms",
        peer: "none",
        pairs: 1,
        budget: { kind: "maxValue", value: 3 },
        ours: () => coldAnswerMs(folder),
      },
    ],
    close: () => Promise.resolve(),
  };
}

const coldModels = 40;
// A server and a client that have just started run code that V8 has not optimised yet.
const warmUpRounds = 16;
const coldRounds = 24;

/** More models than fit, asked in turn, so that each is cold when its turn comes: the median of the time to the answer. */
async function coldAnswerMs(folder: string): Promise<number> {
  const paths = writeDistinctModels(join(folder, "cold"), coldModels);
  const server = await startServer(join(folder, "cold-data"), { args: ["--memory", "1MiB"] });
  const agent = new Agent({ keepAlive: true });
  try {
    const { control, data } = server.ready;
    for (const [index, file] of paths.entries()) await createService(control, { name: `m${index}`, file });
    const [known] = readCases(sharedModel("mnist/cases.json"));
    const body = JSON.stringify({ inputs: known?.inputs ?? [] });
    const ask = async (index: number): Promise<number> => {
      const startMs = performance.now();
      const status = await post(`${data}/v2/models/m${index}/infer`, { agent, body });
      if (status !== 200) throw new Error(`the model m${index} was answered with ${status}`);
      return performance.now() - startMs;
    };
    for (const index of paths.keys()) await until(() => ask(index), { limitMs: 60_000 });
    const times: number[] = [];
    for (let round = 0; round < warmUpRounds + coldRounds; round++) for (const index of paths.keys()) times.push(await ask(index));
    return median(times.slice(warmUpRounds * coldModels));
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** By a client that costs little of the time that is measured: `fetch` takes half a millisecond of it. Gives the status once the answer has ended. */
function post(url: string, { agent, body }: { readonly agent: Agent; readonly body: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asked = request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
      answer.once("error", reject);
    });
    asked.once("error", reject);
    asked.end(body);
  });
}
