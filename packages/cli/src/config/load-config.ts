/** Reads what the configuration is made from: the one place where the program looks at the environment. */
import { existsSync, readFileSync } from "node:fs";
import { homedir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { failure } from "@modelyard/core";
import { whyUnreadable } from "../input/why-unreadable.ts";
import type { ServerEnvironment } from "../server/find-server.ts";
import { yaml } from "../yaml.ts";
import { variableOf } from "./keys.ts";
import { type ConfigFile, type ResolvedConfig, resolveConfig } from "./resolve-config.ts";

/** Name in package.json of the repository of this product: a folder with it is a clone. */
const repositoryName = "modelyard-repository";

/** Flags as a command has them, by key name; `config` is the path of a configuration file. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>;

/** The configuration of this start of the program. */
export function loadConfig(flags: ConfigFlags): ResolvedConfig {
  const environment = process.env;
  const workingDir = process.cwd();
  const machine = { memoryBytes: usableMemoryBytes(), dataDir: defaultDataDir(workingDir, homedir()) };
  const dataDir = resolve(workingDir, flags["data"] ?? (environment[variableOf("data")] || machine.dataDir));
  const named = flags["config"] ?? environment[variableOf("config")];
  const file = named ? readConfigFile(resolve(workingDir, named)) : readConfigFileIfThere(join(dataDir, "config.yaml"));
  return resolveConfig({ flags, environment, machine, workingDir, file });
}

/** What the environment says of the server that commands talk to. */
export function serverFromEnvironment(): ServerEnvironment {
  const { MODELYARD_URL: url, MODELYARD_API_KEY: apiKey, MODELYARD_CA_FILE: certificateFile } = process.env;
  return { url: url || undefined, apiKey: apiKey || undefined, certificateFile: certificateFile || undefined };
}

/** `.modelyard` in the nearest clone of the repository at or above a folder, else the user's own. */
export function defaultDataDir(workingDir: string, homeDir: string): string {
  for (let dir = workingDir; ; dir = dirname(dir)) {
    if (isClone(dir)) return join(dir, ".modelyard");
    if (dirname(dir) === dir) return join(homeDir, ".local", "share", "modelyard");
  }
}

function isClone(dir: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "name" in manifest && manifest.name === repositoryName;
  } catch {
    // No manifest, or somebody else's broken one.
    return false;
  }
}

/** The machine's memory, or the limit of the container when that is lower. */
export function usableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function readConfigFileIfThere(path: string): ConfigFile | undefined {
  return existsSync(path) ? readConfigFile(path) : undefined;
}

function readConfigFile(path: string): ConfigFile {
  try {
    const content: unknown = yaml().parse(readFileSync(path, "utf8")) ?? {};
    if (typeof content === "object" && content !== null && !Array.isArray(content)) return { path, content: { ...content } };
  } catch (error) {
    throw failure("CONFIG_UNREADABLE", { file: path, why: whyUnreadable(error) }, { cause: error });
  }
  throw failure("CONFIG_UNREADABLE", { file: path, why: "it is not a mapping of keys to values" });
}

/** The data folder commands look into for their server. */
export function clientDataDir(): string {
  const workingDir = process.cwd();
  return resolve(workingDir, process.env[variableOf("data")] || defaultDataDir(workingDir, homedir()));
}
