/** `modelyard predict`: sends an input, shows the answer. */
import { readFileSync } from "node:fs";
import { failure } from "@modelyard/core";
import type { CommandContext } from "../commands/command-context.ts";
import type { PredictOptions } from "../commands/predict-command.ts";
import { countOf } from "../input/fit-shape.ts";
import { describeTensor, type ModelMetadata } from "../input/model-metadata.ts";
import { type InputFile, readInput } from "../input/read-input.ts";
import { whyUnreadable } from "../input/why-unreadable.ts";
import { predictionTable } from "../output/prediction-table.ts";
import { fetchMetadata, infer } from "../server/data-plane.ts";
import { getService, modelUrlOf } from "../server/services.ts";
import { openSession } from "./session.ts";

/** Runs the command. */
export async function predict(name: string, options: PredictOptions, context: CommandContext): Promise<void> {
  const { signal } = context;
  const { client, fetch, output } = openSession(options, context);
  const url = modelUrlOf(await getService(client, { name, namespace: options.namespace }, signal));
  const metadata = await fetchMetadata(url, { signal, fetch });
  if (options.input === undefined) throw inputNeeded(name, metadata);
  const prediction = await infer(url, readInput(await readInputFile(options.input, context), metadata), { signal, fetch });
  if (options.output === "json") context.streams.stdout.write(`${prediction.json.trim()}\n`);
  else
    output.answer({ model_name: prediction.modelName, model_version: prediction.modelVersion, outputs: prediction.outputs }, () =>
      predictionTable(prediction),
    );
}

async function readInputFile(path: string, context: CommandContext): Promise<InputFile> {
  if (path === "-") return { source: "standard input", bytes: await context.readStdin() };
  try {
    return { source: path, bytes: readFileSync(path) };
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw failure(isAbsent ? "INPUT_NOT_FOUND" : "INPUT_INVALID", { source: path, why: whyUnreadable(error) }, { cause: error });
  }
}

/** Elements up to which an example is written out. */
const maxExampleElements = 8;

function inputNeeded(name: string, { inputs }: ModelMetadata): Error {
  const wanted = inputs.map(describeTensor).join(", ");
  const [first] = inputs;
  const shape = first?.shape.map(Math.abs) ?? [];
  const isSmall = inputs.length === 1 && countOf(shape) <= maxExampleElements;
  const value = first?.datatype === "BYTES" ? '"text"' : first?.datatype === "BOOL" ? "true" : "0";
  const list = `[${Array<string>(countOf(shape)).fill(value).join(", ")}]`;
  const example = isSmall
    ? `echo '${list}' | modelyard predict ${name} --input -`
    : `modelyard predict ${name} --input FILE, where FILE is .json, .npy, .png or .csv`;
  return failure("INPUT_NEEDED", { name, wanted, example: `For example: ${example}` });
}
