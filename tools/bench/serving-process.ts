/** A serving process alone, as `modelyard serve` starts it: it listens itself and takes the store from the control plane of a server that runs on its data folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../repository.ts";

/** See the module. */
export interface ServingProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Base address of its data port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Options of {@link startServingProcess}. */
export interface ServingProcessOptions {
  /** Arguments of Node, before the program. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it and waits until it listens. */
export async function startServingProcess(
  dataDir: string,
  { nodeArgs = [], env = {} }: ServingProcessOptions = {},
): Promise<ServingProcess> {
  const program = [join(root, "packages/cli/bundle/main.js"), "serve", "--data", dataDir, "--port", "0", "--metrics-port", "0"];
  const child = spawn(process.execPath, [...nodeArgs, ...program], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...env },
  });
  const ended = once(child, "exit");
  const listening = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([listening, ended]);
  const line = String(first[0]);
  if (!line.includes("{")) throw new Error(`modelyard serve ended with ${line} before it listened`);
  const { data } = JSON.parse(line.slice(line.indexOf("{"))) as { readonly data: string };
  return {
    child,
    pid: child.pid ?? 0,
    address: data,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
