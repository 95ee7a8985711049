/** One serving process with many connections and many models: whether a request costs more because others could have come. */
import { join } from "node:path";
import { writeDistinctModels } from "../../acceptance/harness/distinct-models.ts";
import { createService, waitReady } from "../../acceptance/harness/resources.ts";
import { type Server, startServer } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { capture } from "../../repository.ts";
import { writeBodies } from "../load.ts";
import { type BenchContext, median, type OpenGroup, type RowGroup, type RowPlan, type Sample } from "../row.ts";
import { cpuOfScaleLoad, modelName, type ScaleLoad } from "../scale-load.ts";

const counts: readonly number[] = [1, 10, 100, 1_000];
const modelCount = 1_000;
const inFlight = 16;
const requests = 4_000;
/** A neighbour's burst of load may spoil five of them. */
const rounds = 11;
const maxRatio = 1.6;

/** See the module. */
export const scaleRows: RowGroup = {
  ids: ["scale"],
  title: "Many connections, many models",
  about: `gRPC (raw), ${inFlight} requests in flight in all, spread over so many connections and so many distinct MNIST models in memory, each taken at random; the connections are open and have been used before ${requests} requests are measured. All cells are measured in turns, ${rounds} times, from the first to the last and back; each beside the cheapest of its neighbours, which has ten times or a tenth of its connections or models.`,
  open,
};

async function open({ folder, say }: BenchContext): Promise<OpenGroup> {
  const server = await startServer(join(folder, "data"), { args: ["--memory", "2GiB"] });
  try {
    await deployAll(server, folder);
    const [known] = readCases(sharedModel("mnist/cases.json"));
    const { file: bodyFile, headers } = writeBodies(folder, { model: modelName(0), inputs: known?.inputs ?? [] }).grpc;
    const port = Number(new URL(server.ready.data).port);
    const pid = server.ready.pids.supervisor;
    const load = { port, pid, encoding: "grpc", bodyFile, headers, inFlight, requests } as const;
    return { rows: [...cellRows(load), ...runtimeRows(folder, say)], close: async () => void (await server.stop()) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function deployAll(server: Server, folder: string): Promise<void> {
  const { control } = server.ready;
  const files = [...writeDistinctModels(join(folder, "models"), modelCount).entries()];
  for (const [index, file] of files) await createService(control, { name: modelName(index), file });
  for (const [index] of files) await waitReady(control, modelName(index), 300_000);
}

/** Samples of each cell, by `CONNECTIONSxMODELS`. */
type Table = ReadonlyMap<string, readonly number[]>;

function cellRows(load: Omit<ScaleLoad, "connections" | "models">): readonly RowPlan[] {
  let measuring: Promise<Table> | undefined;
  const table = (): Promise<Table> => {
    measuring ??= measureTable(load);
    return measuring;
  };
  return counts.flatMap((connections) => counts.map((models) => cellRow(table, connections, models)));
}

async function measureTable(load: Omit<ScaleLoad, "connections" | "models">): Promise<Table> {
  const table = new Map(counts.flatMap((connections) => counts.map((models) => [`${connections}x${models}`, [] as number[]])));
  const cells = counts.flatMap((connections) => counts.map((models) => ({ connections, models })));
  // A round before the first that counts: V8 has optimised by then, and every model is in memory.
  for (let round = -1; round < rounds; round++) {
    for (const { connections, models } of round % 2 === 0 ? cells : cells.toReversed()) {
      const micros = await cpuOfScaleLoad({ ...load, connections, models });
      if (round >= 0) table.get(`${connections}x${models}`)?.push(micros);
    }
  }
  return table;
}

function cellRow(table: () => Promise<Table>, connections: number, models: number): RowPlan {
  const [next, nextOfNeighbour] = [counter(), counter()];
  return {
    id: `scale-${connections}x${models}`,
    what: `${connections} connections and ${models} models: CPU of all our processes a request`,
    unit: "us CPU",
    peer: "the cheapest neighbour",
    budget: { kind: "maxRatio", value: maxRatio },
    pairs: rounds,
    ours: async () => (await table()).get(`${connections}x${models}`)?.[next()] ?? Number.NaN,
    theirs: async () => cheapest(await table(), neighbours(connections, models))[nextOfNeighbour()] ?? Number.NaN,
  };
}

function counter(): () => number {
  let count = 0;
  return () => count++;
}

function neighbours(connections: number, models: number): readonly string[] {
  const around = [
    [connections * 10, models],
    [connections / 10, models],
    [connections, models * 10],
    [connections, models / 10],
  ] as const;
  return around.filter((cell) => cell.every((count) => counts.includes(count))).map((cell) => cell.join("x"));
}

function cheapest(table: Table, cells: readonly string[]): readonly number[] {
  const [first = []] = cells.map((cell) => table.get(cell) ?? []).toSorted((a, b) => median(a) - median(b));
  return first;
}

/** What of it is ONNX Runtime's own: weights that are not in the processor's caches. */
function runtimeRows(folder: string, say: (line: string) => void): readonly RowPlan[] {
  let measuring: Promise<Readonly<Record<string, readonly number[]>>> | undefined;
  const measure = async (): Promise<Readonly<Record<string, readonly number[]>>> => {
    say("scale: the same models are prepared for the runtime alone");
    await density("prepare", join(folder, "runtime"));
    return JSON.parse(await density("ask", join(folder, "runtime"))) as Record<string, readonly number[]>;
  };
  const samples = async (models: number): Promise<readonly number[]> => {
    measuring ??= measure();
    return (await measuring)[models] ?? [];
  };
  return counts.slice(1).map((models) => {
    const [next, nextOfOne] = [counter(), counter()];
    return {
      id: `scale-runtime-${models}`,
      what: `The runtime alone, without a server: CPU of a run where each is that of one of ${models} models, taken at random. What a processor's caches do not hold costs every server this`,
      unit: "us CPU",
      peer: "one model",
      ours: async (): Promise<Sample> => ({ value: (await samples(models))[next()] ?? Number.NaN }),
      theirs: async () => (await samples(1))[nextOfOne()] ?? Number.NaN,
    };
  });
}

async function density(mode: "prepare" | "ask", folder: string): Promise<string> {
  const script = join(import.meta.dirname, "..", "programs", "density-program.ts");
  const args = ["--conditions=modelyard-source", script, mode, folder, String(modelCount)];
  const { status, stdout, output } = await capture(process.execPath, args);
  if (status !== 0) throw new Error(`the density program ended with ${status}: ${output.slice(-800)}`);
  return stdout;
}
