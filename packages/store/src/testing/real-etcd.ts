/** A real etcd on loopback for tests, from the Debian packages etcd-server and etcd-client; it ends with the process that started it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = join(import.meta.dirname, "../../../../tools/parts/etcd.sh");

/** A running etcd. */
export interface RealEtcd {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  return run("sh", ["-c", `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/** Starts one member without data. */
export async function startRealEtcd(): Promise<RealEtcd> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-etcd-"));
  const { stdout } = await run(script, ["start", folder], {
    env: { ...process.env, PART_OWNER: String(process.pid), PART_ETCD_ARGS: "--unsafe-no-fsync" },
  });
  const [host = "", port = ""] = (/ENDPOINTS=(\S+)/.exec(stdout)?.[1] ?? "").split(":");
  const stop = async (): Promise<void> => {
    await run(script, ["stop", folder]);
    await rm(folder, { recursive: true, force: true });
  };
  return { host, port: Number(port), stop };
}
