/** `modelyard serve`: a serving process that listens itself and is supervised by something else. */
import { jsonLog } from "@modelyard/core";
import type { CommandContext } from "../commands/command-context.ts";
import { warnOfCleartext } from "../config/check-security.ts";
import { type ConfigFlags, loadConfig } from "../config/load-config.ts";
import { serveSettings } from "../programs/program-settings.ts";
import { startServe } from "../programs/serve.ts";
import { portFailure } from "../supervisor/port-failure.ts";
import { portUrl } from "../supervisor/port-url.ts";
import { productVersion } from "../version.ts";
import { terminationAsked } from "./termination.ts";

/** Runs the command until it is told to end. */
export async function serve(flags: ConfigFlags, context: CommandContext): Promise<void> {
  const { clock, streams } = context;
  const { config } = loadConfig(flags);
  const { address, port } = config;
  const terminated = terminationAsked(clock);
  const write = (line: string): void => void streams.stderr.write(line);
  const log = jsonLog({ clock, write, level: config.logLevel, fields: { role: "serving", pid: process.pid } });
  warnOfCleartext(config, log);
  const instanceId = `serving-${process.pid}`;
  const settings = { ...serveSettings({ ...config, servingProcesses: 1 }, productVersion(), 0), instanceId, runningFile: undefined };
  const program = await startServe(settings, { clock, log, predecessor: undefined });
  try {
    const listening = await program.listen({ host: address, port }).catch((error: unknown) => {
      throw portFailure(error, { role: "data", flag: "--port", address, port });
    });
    const data = portUrl({ address, port: "port" in listening ? listening.port : port, isSecure: config.tlsCertFile !== "" });
    streams.stdout.write(`modelyard serving ${JSON.stringify({ data, dataDir: config.dataDir, pid: process.pid })}\n`);
    await terminated;
  } finally {
    await program.close(config.drainLimitMs, 0);
  }
}
