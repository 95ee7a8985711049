/** What a server needs of its machine. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { freemem } from "node:os";
import { dirname, join } from "node:path";
import type { Config } from "../config/keys.ts";
import { usableMemoryBytes } from "../config/load-config.ts";
import { formatBytes } from "../config/units.ts";
import { dataFolderFormat } from "../supervisor/data-folder.ts";
import { describePortOwner } from "../supervisor/port-owner.ts";

/** What was looked at, what was found, and what to do about it. */
export interface Check {
  readonly name: string;
  /** `warning` can be lived with; `problem` keeps the server from working. */
  readonly state: "ok" | "warning" | "problem";
  readonly found: string;
  readonly next?: string;
}

const minimumNodeMajor = 24;

/** The Node that runs this. */
export function nodeCheck(version: string): Check {
  const found = `Node ${version} on ${process.platform}-${process.arch}`;
  if (Number.parseInt(version, 10) >= minimumNodeMajor) return { name: "node", state: "ok", found };
  return { name: "node", state: "problem", found, next: `Install Node ${minimumNodeMajor} or later` };
}

/** Whether the folder can be used. */
export function dataFolderCheck(dataDir: string): Check {
  const name = "data folder";
  const place = nearestExisting(dataDir);
  try {
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    // Whatever the system's word for it: this user cannot write there.
    return {
      name,
      state: "problem",
      found: `${place} cannot be written by this user`,
      next: "Correct its permissions, or choose another with --data",
    };
  }
  if (place !== dataDir) return { name, state: "ok", found: `${dataDir}, made at the first start` };
  const versionFile = join(dataDir, "version");
  const format = existsSync(versionFile) ? Number(readFileSync(versionFile, "utf8")) : dataFolderFormat;
  if (format === dataFolderFormat) return { name, state: "ok", found: `${dataDir}, format ${format}` };
  return {
    name,
    state: "problem",
    found: `${dataDir} has format ${format}, not ${dataFolderFormat}`,
    next: "Use the version of Modelyard that wrote it",
  };
}

const littleDiskBytes = 2 ** 30;
const tooLittleDiskBytes = 64 * 2 ** 20;

/** Free space where the folder is. */
export async function diskCheck(dataDir: string): Promise<Check> {
  const place = nearestExisting(dataDir);
  const { bavail, bsize } = await statfs(place);
  const freeBytes = bavail * bsize;
  const found = `${formatBytes(freeBytes)} free at ${place}`;
  if (freeBytes >= littleDiskBytes) return { name: "disk", state: "ok", found };
  return {
    name: "disk",
    state: freeBytes < tooLittleDiskBytes ? "problem" : "warning",
    found,
    next: "Free space, or choose a folder on another disk with --data",
  };
}

/** Whether the memory models may use is there. */
export function memoryCheck({ memoryBytes }: Pick<Config, "memoryBytes">): Check {
  const usableBytes = usableMemoryBytes();
  const found = `${formatBytes(memoryBytes)} for models, of ${formatBytes(usableBytes)} in all, ${formatBytes(freemem())} free now`;
  if (memoryBytes <= usableBytes * 0.9) return { name: "memory", state: "ok", found };
  return { name: "memory", state: "warning", found, next: "Give models less with --memory: the processes need some themselves" };
}

/** Whether the ports are free for a server that is to be started. */
export async function portChecks(
  config: Pick<Config, "address" | "port" | "controlPort" | "metricsPort" | "dataDir">,
): Promise<readonly Check[]> {
  const server: Check = {
    name: "server",
    state: "warning",
    found: `none runs on ${config.dataDir}`,
    next: "Start one with `modelyard up`",
  };
  const ports = [
    { name: "data port", port: config.port, flag: "--port" },
    { name: "control port", port: config.controlPort, flag: "--control-port" },
  ];
  const checks = await Promise.all(ports.map((one) => portCheck(config.address, one)));
  const metrics = await portCheck(config.address, { name: "metrics port", port: config.metricsPort, flag: "--metrics-port" });
  // Unless it was chosen, a server takes another one.
  return [server, ...checks, metrics.state === "problem" ? { ...metrics, state: "warning" } : metrics];
}

interface WantedPort {
  readonly name: string;
  readonly port: number;
  readonly flag: string;
}

async function portCheck(address: string, { name, port, flag }: WantedPort): Promise<Check> {
  if (port === 0) return { name, state: "ok", found: "any free one" };
  if (await canListen(address, port)) return { name, state: "ok", found: `${port} is free` };
  return {
    name,
    state: "problem",
    found: `${port} is in use by ${describePortOwner(port)}`,
    next: `End that process, or choose another port with ${flag}`,
  };
}

function canListen(address: string, port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, address, () => probe.close(() => resolve(true)));
  });
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}
