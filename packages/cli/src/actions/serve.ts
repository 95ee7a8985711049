/** `modelyard serve`: a serving process that listens itself and is supervised by something else. */
import { type Clock, jsonLog, type Log, type Sample } from "@modelyard/core";
import type { CommandContext } from "../commands/command-context.ts";
import { warnOfCleartext } from "../config/check-security.ts";
import type { Config } from "../config/keys.ts";
import { type ConfigFlags, loadConfig } from "../config/load-config.ts";
import { isChosen } from "../config/resolve-config.ts";
import { serveSettings, tlsFiles } from "../programs/program-settings.ts";
import { type ServeProgram, startServe } from "../programs/serve.ts";
import { collectSamples } from "../supervisor/collect-samples.ts";
import { type MetricsPort, openMetricsPort } from "../supervisor/metrics-port.ts";
import { portFailure } from "../supervisor/port-failure.ts";
import { portUrl } from "../supervisor/port-url.ts";
import { processSamples } from "../supervisor/process-samples.ts";
import { productVersion } from "../version.ts";
import { terminationAsked } from "./termination.ts";

/** Runs the command until it is told to end. */
export async function serve(flags: ConfigFlags, context: CommandContext): Promise<void> {
  const { clock, streams } = context;
  const { config, values } = loadConfig(flags);
  const terminated = terminationAsked(clock);
  const write = (line: string): void => void streams.stderr.write(line);
  const log = jsonLog({ clock, write, level: config.logLevel, fields: { role: "serving", pid: process.pid } });
  warnOfCleartext(config, log);
  const instanceId = `serving-${process.pid}`;
  const settings = { ...serveSettings({ ...config, servingProcesses: 1 }, productVersion(), 0), instanceId, runningFile: undefined };
  const program = await startServe(settings, { clock, log, predecessor: undefined });
  let metricsPort: MetricsPort | undefined;
  try {
    metricsPort = await openMetrics(program, { config, mayDiffer: !isChosen("metricsPort", values), clock, log });
    const data = await listen(program, config);
    const facts = { data, metrics: metricsPort.url, dataDir: config.dataDir, pid: process.pid };
    streams.stdout.write(`modelyard serving ${JSON.stringify(facts)}\n`);
    await terminated;
  } finally {
    metricsPort?.close();
    await program.close(config.drainLimitMs, 0);
  }
}

async function listen(program: ServeProgram, config: Config): Promise<string> {
  const { address, port } = config;
  const listening = await program.listen({ host: address, port }).catch((error: unknown) => {
    throw portFailure(error, { role: "data", flag: "--port", address, port });
  });
  return portUrl({ address, port: "port" in listening ? listening.port : port, isSecure: config.tlsCertFile !== "" });
}

interface MetricsDeps {
  readonly config: Config;
  /** Nobody chose the port: where a server runs on this machine, it has that one. */
  readonly mayDiffer: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** The keys are those the data port knows: nobody else is asked. */
function openMetrics(program: ServeProgram, { config, ...deps }: MetricsDeps): Promise<MetricsPort> {
  const { address, metricsPort: port } = config;
  const { authorize } = program;
  const samples = async (): Promise<readonly Sample[]> => [...processSamples(), ...program.samples()];
  return openMetricsPort({
    ...deps,
    address,
    port,
    tls: tlsFiles(config),
    authorize: authorize && (async (scrape) => authorize(scrape)),
    collect: () => collectSamples([{ name: "serving", samples }]),
  });
}
