/** `modelyard doctor`: looks at everything a server needs, and says what to do about each problem. */
import { existsSync } from "node:fs";
import type { Fetch } from "@modelyard/resources";
import { type CommandContext, outputOf, ProblemsFound } from "../commands/command-context.ts";
import type { DoctorOptions } from "../commands/server-commands.ts";
import type { Config } from "../config/keys.ts";
import { loadConfig, serverFromEnvironment } from "../config/load-config.ts";
import { type Check, dataFolderCheck, diskCheck, memoryCheck, nodeCheck, portChecks } from "../doctor/machine-checks.ts";
import { runningServer, serverChecks } from "../doctor/server-checks.ts";
import { formatTable } from "../output/table.ts";
import { notedDataFolder } from "../server/data-folder-note.ts";
import { findServer } from "../server/find-server.ts";
import { serverFetch } from "../server/server-fetch.ts";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { openSession } from "./session.ts";

/** Runs the command. Exit status 1 when something keeps the server from working. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const { config } = loadConfig(options);
  const dataDir = await dataDirOf(options, config, context);
  const server = runningServer(dataDir);
  const machine = [nodeCheck(process.versions.node), dataFolderCheck(dataDir), await diskCheck(dataDir), memoryCheck(config)];
  const checks: readonly Check[] = [
    ...machine,
    ...(server
      ? await serverChecks(server, { signal: context.signal, fetch: localFetch(dataDir) })
      : await portChecks({ ...config, dataDir })),
  ];
  const isWell = checks.every(({ state }) => state !== "problem");
  const facts = server ? { pids: server.pids, data: server.data, control: server.control, metrics: server.metrics } : {};
  outputOf(options, context).answer({ ok: isWell, dataDir, ...facts, checks }, () => report(checks, isWell));
  if (!isWell) throw new ProblemsFound();
}

/** The folder of the server that was named; else the configured one. */
async function dataDirOf(options: DoctorOptions, config: Config, context: CommandContext): Promise<string> {
  if (options.server === undefined && serverFromEnvironment().url === undefined) return config.dataDir;
  const { client } = openSession(options, context);
  return (await notedDataFolder(client, context.signal)) ?? config.dataDir;
}

/** By the kubeconfig of the folder; a server that has written none yet is asked for nothing that needs a key. */
function localFetch(dataDir: string): Fetch {
  const { kubeconfigFile } = dataFolderAt(dataDir);
  const environment = { ...serverFromEnvironment(), url: undefined };
  return existsSync(kubeconfigFile) ? serverFetch(findServer({ flag: undefined, environment, dataDir, kubeconfigFile })) : globalThis.fetch;
}

function report(checks: readonly Check[], isWell: boolean): string {
  const words = { ok: "ok", warning: "look", problem: "PROBLEM" } as const;
  const table = formatTable(
    ["", "CHECK", "FOUND"],
    checks.map(({ name, state, found }) => [words[state], name, found]),
  );
  const advice = checks.flatMap(({ name, next }) => (next === undefined ? [] : [`  ${name}: ${next}`]));
  const summary = isWell ? "Nothing keeps the server from working." : "Something keeps the server from working.";
  return [table, ...(advice.length > 0 ? [`What to do:\n${advice.join("\n")}`] : []), summary].join("\n\n");
}
