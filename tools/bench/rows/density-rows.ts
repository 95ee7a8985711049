/** How many models one process holds, what a load costs, and whether memory comes back. */
import { join } from "node:path";
import { servingNodeArguments } from "@modelyard/cli";
import { capture } from "../../repository.ts";
import { holdMemory } from "../held-memory.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan } from "../row.ts";

/** See the module. */
export const densityRows: RowGroup = {
  ids: ["density"],
  title: "Many models in one process",
  about: "Generated from one MNIST model of 26 KB, one changed weight each, so that nothing is shared; prepared before they are measured.",
  open,
};

const modelCount = 10_000;
const cycleCount = 5_000;
const checkedAnswers = 100;
// A model takes 140 KiB; there is to be some to spare.
const roomForModelBytes = 256 * 1024;

interface Loaded {
  readonly perGib: number;
  readonly loadMicros: number;
  /** Of those, 0 to 1: a fifth, and a third and more where memory was not held and the machine has to get it from its host. */
  readonly kernelShare: number;
  readonly threads: readonly [before: number, after: number];
  readonly wrong: readonly string[];
}

async function open({ folder, say }: BenchContext): Promise<OpenGroup> {
  say(`density: ${modelCount} models are prepared, which takes minutes`);
  await run(folder, "prepare", modelCount);
  let loading: Promise<Loaded> | undefined;
  const loaded = (): Promise<Loaded> => {
    loading ??= loadInHeldMemory(folder, say);
    return loading;
  };
  const row = (id: string, unit: string, rest: Pick<RowPlan, "what" | "budget" | "ours">): RowPlan => ({
    id,
    unit,
    peer: "none",
    pairs: 1,
    ...rest,
  });
  return {
    rows: [
      row("density-models-per-gib", "models", {
        what: `${modelCount} distinct MNIST models of 26 KB in one process, each run once as soon as it is loaded, ${checkedAnswers} answers checked: models a GiB of resident memory`,
        budget: { kind: "minValue", value: 7_000 },
        async ours() {
          const { perGib, wrong } = await loaded();
          if (wrong.length > 0) throw new Error(`${wrong.length} of ${checkedAnswers} answers are wrong: ${wrong[0]}`);
          return perGib;
        },
      }),
      row("density-load", "us CPU", {
        what: "CPU of a load of a prepared copy that the system has in its page cache, into memory that it holds free, among those loads: what a cold model costs",
        budget: { kind: "maxValue", value: 600 },
        async ours() {
          const { loadMicros: value, kernelShare } = await loaded();
          return { value, kernelShare };
        },
      }),
      row("density-threads", "threads", {
        what: "Threads of the process that holds all of them, beyond those it has with one: what the kernel pays",
        budget: { kind: "maxValue", value: 0 },
        async ours() {
          const [before, after] = (await loaded()).threads;
          return after - before;
        },
      }),
      row("density-cycles", "%", {
        what: `${cycleCount} distinct models loaded, run and unloaded in turn: growth of resident memory from the first fifth to the end`,
        budget: { kind: "maxValue", value: 5 },
        ours: async () => (await run<{ readonly growthPercent: number }>(folder, "cycle", cycleCount)).growthPercent,
      }),
    ],
    close: () => Promise.resolve(),
  };
}

/** Ends what holds the memory also when the loads fail; it ends by itself with this process. */
async function loadInHeldMemory(folder: string, say: BenchContext["say"]): Promise<Loaded> {
  const held = await holdMemory(modelCount * roomForModelBytes);
  if (!held) say("density: no memory is held free; a load includes what the machine may have to get from its host");
  try {
    await run(folder, "warm", modelCount);
    return await run<Loaded>(folder, "load", modelCount);
  } finally {
    await held?.stop();
  }
}

async function run<T>(folder: string, mode: string, count: number): Promise<T> {
  const script = join(import.meta.dirname, "..", "programs", "density-program.ts");
  const args = servingNodeArguments(["--expose-gc", "--conditions=modelyard-source", script, mode, folder, String(count)]);
  const { status, stdout, output } = await capture(process.execPath, args);
  if (status !== 0) throw new Error(`the density program ended with ${status}: ${output.slice(-800)}`);
  return (stdout === "" ? undefined : JSON.parse(stdout)) as T;
}
