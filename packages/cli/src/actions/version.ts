/** `modelyard version`. */
import { PlatformError } from "@modelyard/core";
import { type CommandContext, type CommonOptions, outputOf } from "../commands/command-context.ts";
import { isRecord } from "../input/model-metadata.ts";
import { formatFields } from "../output/table.ts";
import { productVersion } from "../version.ts";
import { openSession } from "./session.ts";

/** Runs the command. A server that is not there is no failure: the versions of this command are known. */
export async function version(options: CommonOptions, context: CommandContext): Promise<void> {
  const facts = { client: productVersion(), node: process.versions.node, platform: `${process.platform}-${process.arch}` };
  const server = await serverVersion(options, context);
  outputOf(options, context).answer({ ...facts, ...server }, () =>
    formatFields([
      ["Client", facts.client],
      ["Node", `${facts.node} (${facts.platform})`],
      ["Server", "server" in server ? `${server.server} at ${server.url}` : `none reached: ${server.problem}`],
    ]),
  );
}

async function serverVersion(
  options: CommonOptions,
  context: CommandContext,
): Promise<{ readonly server: string; readonly url: string } | { readonly problem: string }> {
  try {
    const { controlUrl: url, fetch } = openSession(options, context);
    const response = await fetch(`${url}/version`, { signal: AbortSignal.any([context.signal, AbortSignal.timeout(5_000)]) });
    const answer: unknown = await response.json();
    return { server: isRecord(answer) ? String(answer["gitVersion"]) : "unknown", url };
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    return { problem: PlatformError.is(error) ? error.message : "it does not answer" };
  }
}
