import type { Command } from "commander";
import { type CommandContext, type CommonOptions, newCommand, prose, withExamples } from "./command-context.ts";

/** Options of `modelyard deploy`. */
export interface DeployOptions extends CommonOptions {
  readonly name?: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly upload?: true;
  readonly unpack?: string;
}

/** `modelyard deploy SOURCE`. */
export function deployCommand(context: CommandContext): Command {
  const command = newCommand("deploy <source>", "serve a model file behind a stable address")
    .description(
      prose(`Deploys a model and waits until it answers: its bytes are fetched and verified, prepared in a process of their own, and loaded. Prints
its address and a curl line that works when pasted. Deploying under a name that exists makes a new revision; the old one serves until the
new one is ready, and goes on when the new one fails.

SOURCE is a path or an address: file://, http(s)://, s3://, gs://, az://, hf://, pvc:// or upload://. A path is read by the server when it runs on this
machine; else the file is sent to it, piece by piece. An archive (zip, tar, tar.gz, tar.zst) is unpacked unless it is a model by itself.`),
    )
    .option("--name <name>", "name clients use, 1 to 255 visible characters; default the name of the file without its extension")
    .option("-n, --namespace <namespace>", "namespace of the service", "default")
    .option("--upload", "send the file to the server, even if it runs on this machine")
    .option("--unpack <when>", "whether an archive is unpacked: auto, always or never; default auto")
    .option("--timeout <duration>", "longest wait; the deployment goes on after it", "120s")
    .action(async (source: string, options: DeployOptions) => {
      const { deploy } = await import("../actions/deploy.ts");
      await deploy(source, options, context);
    });
  return withExamples(command, [
    ["modelyard deploy model.onnx", "served as model"],
    ["modelyard deploy model.onnx --name simple_string", "any name, as Triton's users have them"],
    ["modelyard deploy https://example.com/m.onnx --output json", "from the web, for a script"],
    ["modelyard deploy model.tar.gz --upload --server https://models.example:8043", "sent to another machine"],
  ]);
}
