import type { Command } from "commander";
import { type CommandContext, type CommonOptions, newCommand, prose, withExamples } from "./command-context.ts";

/** Options of `modelyard predict`. */
export interface PredictOptions extends CommonOptions {
  readonly input?: string;
  readonly namespace: string;
}

/** `modelyard predict NAME`. */
export function predictCommand(context: CommandContext): Command {
  const command = newCommand("predict <name>", "send an input to a model and show the answer")
    .description(
      prose(`Sends an input to a deployed model. The format is recognised by content:

  JSON  a request of the Open Inference Protocol; an array, for a model with one input; an object of arrays by input name
  npy   an array saved by numpy.save
  PNG   the stored pixel values (0 to 255), in the model's order of axes; neither scaled nor resized
  CSV   one row of the batch a line; with several inputs a first line names the columns

Numbers are converted to the model's datatypes where nothing is lost but precision. Without --input it is said what the model wants.`),
    )
    .option("--input <file>", "file with the input, - for standard input")
    .option("-n, --namespace <namespace>", "namespace of the service", "default")
    .action(async (name: string, options: PredictOptions) => {
      const { predict } = await import("../actions/predict.ts");
      await predict(name, options, context);
    });
  return withExamples(command, [
    ["modelyard predict digits --input digit.png", "a picture"],
    ["echo '[1, 2, 3]' | modelyard predict adder --input -", "an array from standard input"],
    ["modelyard predict digits", "what does it want?"],
  ]);
}
