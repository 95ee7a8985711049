/** `modelyard logs`: the newest records of the server's processes, merged by time. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inferenceServiceKind, isModelName, objectNameFor } from "@modelyard/api";
import { failure, PlatformError, sleep } from "@modelyard/core";
import { type CommandContext, FollowingEnded } from "../commands/command-context.ts";
import type { LogsOptions } from "../commands/server-commands.ts";
import { clientDataDir, serverFromEnvironment } from "../config/load-config.ts";
import { isRecord } from "../input/model-metadata.ts";
import { notedDataFolder } from "../server/data-folder-note.ts";
import { dataFolderAt } from "../supervisor/data-folder.ts";
import { openSession } from "./session.ts";

const followEveryMs = 300;
const maxLines = 100_000;

/** Runs the command. */
export async function logs(name: string | undefined, options: LogsOptions, context: CommandContext): Promise<void> {
  const { clock, signal, streams } = context;
  const count = /^\d+$/.test(options.lines) ? Number(options.lines) : Number.NaN;
  if (!(count <= maxLines))
    throw failure("OPTION_INVALID", { origin: "--lines", current: `"${options.lines}"`, wanted: `a number up to ${maxLines}` });
  const { logsDir } = dataFolderAt(await dataDirOf(options, context));
  const isWanted = selector(name, options.process);
  const read = (): readonly LogRecord[] => readLogs(logsDir).filter(isWanted);
  const print = (records: readonly LogRecord[]): void => {
    for (const record of records) streams.stdout.write(`${options.output === "table" ? recordText(record) : record.line}\n`);
  };
  let shown = read();
  if (shown.length === 0 && !options.follow) {
    if (name !== undefined && options.data === undefined) await refuseUnknown(name, options, context);
    streams.stderr.write(`There are no records in ${logsDir}${name === undefined ? "" : ` about "${name}"`}.\n`);
  }
  print(shown.slice(-count || shown.length));
  while (options.follow) {
    await sleep(clock, followEveryMs, signal).catch((error: unknown) => {
      throw signal.aborted ? new FollowingEnded() : error;
    });
    const known = new Set(shown.map(({ line }) => line));
    shown = read();
    print(shown.filter(({ line }) => !known.has(line)));
  }
}

/** Rejects with `RESOURCE_NOT_FOUND` when the server answers that no namespace has a service of the name. */
async function refuseUnknown(name: string, options: LogsOptions, context: CommandContext): Promise<void> {
  const object = isModelName(name) ? objectNameFor(name) : name;
  const selection = { fieldSelector: `metadata.name=${object}`, limit: 1, signal: context.signal };
  try {
    const { items } = await openSession(options, context).client.list(inferenceServiceKind, selection);
    if (items.length > 0) return;
  } catch (error) {
    // The logs of a server that has ended are read without it.
    if (PlatformError.is(error) && error.code === "UNAVAILABLE") return;
    throw error;
  }
  throw failure("RESOURCE_NOT_FOUND", { resource: inferenceServiceKind.plural, name });
}

async function dataDirOf(options: LogsOptions, context: CommandContext): Promise<string> {
  if (options.data !== undefined) return options.data;
  if (options.server === undefined && serverFromEnvironment().url === undefined) return clientDataDir();
  const session = openSession(options, context);
  return (await notedDataFolder(session.client, context.signal)) ?? clientDataDir();
}

/** A line of a log. */
export interface LogRecord {
  readonly line: string;
  /** Log it is from: `control`, `serving-0`, `supervisor`. */
  readonly process: string;
  readonly time: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Every record of a folder of logs, in the order of time. A line that is no record has the time of the one before it. */
function readLogs(logsDir: string): readonly LogRecord[] {
  const files = listLogs(logsDir);
  const records = files.flatMap(({ file, process }) => {
    let time = "";
    return readFileSync(join(logsDir, file), "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line): LogRecord => {
        const fields = fieldsOf(line);
        time = typeof fields["time"] === "string" ? fields["time"] : time;
        return { line, process, time, fields };
      });
  });
  return records.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Parts of each log, the oldest first. */
function listLogs(logsDir: string): readonly { readonly file: string; readonly process: string }[] {
  const found = readdirIfThere(logsDir).flatMap((file) => {
    const [, process, part = "0"] = /^([a-z]+(?:-\d+)?)(?:\.(\d+))?\.log$/.exec(file) ?? [];
    return process === undefined ? [] : [{ file, process, part: Number(part) }];
  });
  return found.toSorted((a, b) => a.process.localeCompare(b.process) || b.part - a.part);
}

function readdirIfThere(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith("{")) return { message: line };
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : { message: line };
  } catch {
    // Text of a library, or a line cut off by a kill.
    return { message: line };
  }
}

function selector(name: string | undefined, process: string | undefined): (record: LogRecord) => boolean {
  const names = name === undefined ? [] : [name, ...(isModelName(name) ? [objectNameFor(name)] : [])];
  const patterns = [...new Set(names)].map(
    (one) => new RegExp(`(?<![\\w.-])${one.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?=__isvc-|[^\\w.-]|$)`),
  );
  return (record) =>
    (process === undefined || record.process === process || record.process.startsWith(`${process}-`)) &&
    (name === undefined || patterns.some((pattern) => pattern.test(record.line)));
}

/** `time  process  level  message  name=value …`. */
function recordText({ process, time, fields }: LogRecord): string {
  const { time: _time, level = "", message = "", role: _role, pid: _pid, error, ...rest } = fields;
  const cause = isRecord(error) ? { error: error["message"], ...(error["reason"] === undefined ? {} : { reason: error["reason"] }) } : {};
  const values = Object.entries({ ...rest, ...cause }).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [time, process.padEnd(10), String(level).padEnd(5), String(message), ...values].join("  ").trimEnd();
}
