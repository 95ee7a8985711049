/** `modelyard up`: the composition root of the supervisor. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Clock, jsonLog, type Log } from "@modelyard/core";
import type { StuckProcessOptions } from "@modelyard/runtimes";
import type { CommandContext } from "../commands/command-context.ts";
import { warnOfCleartext } from "../config/check-security.ts";
import type { Config } from "../config/keys.ts";
import { type ConfigFlags, loadConfig } from "../config/load-config.ts";
import { isChosen } from "../config/resolve-config.ts";
import { controlSettings, metricsAccess, runningFileOf, serveSettings } from "../programs/program-settings.ts";
import { servingNodeArguments } from "../programs/serving-node-arguments.ts";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { defaultHeartbeat, type WorkWatch } from "../supervisor/heartbeat.ts";
import { type LogFile, openLogFile } from "../supervisor/log-file.ts";
import { type Supervisor, type SupervisorOptions, startSupervisor } from "../supervisor/supervisor.ts";
import { productVersion } from "../version.ts";
import { terminationAsked } from "./termination.ts";

/** Runs the command until it is told to end. */
export async function up(flags: ConfigFlags, context: CommandContext): Promise<void> {
  const { clock, streams } = context;
  const { config, values } = loadConfig(flags);
  let supervisor: Supervisor | undefined;
  const terminated = terminationAsked(clock, { onHangUp: () => void supervisor?.reload() });
  const log = supervisorLog(config, context);
  warnOfCleartext(config, log);
  supervisor = await startSupervisor(supervisorOptions(config, isChosen("metricsPort", values), clock), { clock, log });
  try {
    const ready = await Promise.race([supervisor.ready, terminated]);
    if (typeof ready === "string") return;
    streams.stdout.write(`modelyard ready ${JSON.stringify(ready)}\n`);
    await terminated;
  } finally {
    await supervisor.close();
  }
}

/** A serving process that is in a run gives no sign of life: the watch over its runs ends it first. */
const silenceBeyondRunMs = 10_000;

function supervisorOptions(config: Config, isMetricsPortChosen: boolean, clock: Clock): SupervisorOptions {
  const { dataDir, address, port, servingProcesses, drainLimitMs, runLimitMs } = config;
  const entry = (name: string): string => fileURLToPath(import.meta.resolve(name));
  const args = ["--data", dataDir];
  return {
    dataDir,
    address,
    port,
    isSecure: config.tlsCertFile !== "",
    servingProcesses,
    drainLimitMs,
    // A second server on the machine needs no flag for what few look at.
    metrics: { port: config.metricsPort, mayDiffer: !isMetricsPortChosen, ...metricsAccess(config) },
    heartbeat: { silenceMs: Math.max(defaultHeartbeat.silenceMs, runLimitMs + silenceBeyondRunMs) },
    // The version is read anew at each start, with the program: a reload may find another build.
    programs: {
      control: { entry: entry("#control-program"), args, settings: (facts) => controlSettings(config, productVersion(), facts) },
      serving: {
        entry: entry("#serving-program"),
        args,
        execArgv: servingNodeArguments(process.execArgv),
        settings: ({ slot }) => serveSettings(config, productVersion(), slot),
        openWatch: (slot, pid) => watchRuns({ path: runningFileOf(config, slot), pid, clock }),
      },
    },
  };
}

/** Loaded by the first process that gives reason to doubt: 13 MiB that most supervisors never need. */
async function watchRuns(options: StuckProcessOptions): Promise<WorkWatch> {
  const { StuckProcess } = await import("@modelyard/runtimes");
  return new StuckProcess(options);
}

/** Records go to `logs/supervisor.log`, those that matter to whoever watches the terminal in short to stderr. */
function supervisorLog(config: Config, { clock, streams }: CommandContext): Log {
  const { logsDir } = dataFolderAt(config.dataDir);
  let file: LogFile | undefined;
  const open = (): LogFile => {
    mkdirSync(logsDir, { recursive: true, mode: 0o700 });
    return openLogFile({ dir: logsDir, name: "supervisor" });
  };
  const write = (line: string): void => {
    file ??= open();
    file.write(line);
    streams.stderr.write(`modelyard: ${briefly(line)}\n`);
  };
  return jsonLog({ clock, write, level: config.logLevel, fields: { role: "supervisor", pid: process.pid } });
}

function briefly(line: string): string {
  const { time: _time, level: _level, message, pid: _pid, error, ...fields }: Record<string, unknown> = JSON.parse(line);
  const why = typeof error === "object" && error !== null && "message" in error ? `: ${String(error.message)}` : "";
  const facts = Object.entries(fields).filter(([, value]) => value !== null);
  return `${String(message)}${why} (${facts.map(([name, value]) => `${name} ${String(value)}`).join(", ")})`;
}
