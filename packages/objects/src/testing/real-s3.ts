/**
 * A real S3 server on loopback for tests: OpenStack Swift with its S3 interface, which checks signatures, from the Debian packages that `tools/parts/install.sh`
 * names. It needs root, takes some seconds to start, and ends with the process that started it.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { S3Credentials } from "../contract.ts";
import { SecretText } from "../secret-text.ts";
import { openS3, type S3Session } from "../sources/s3/s3-client.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "../../../../tools/parts/s3.sh");

/** A running S3 server. */
export interface RealS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Extract<S3Credentials, { kind: "static" }>;
  /** A client of its own, by which a test writes. */
  readonly session: S3Session;
  stop(): Promise<void>;
}

/** Why there is no server here; undefined when there can be one. With `MODELYARD_REQUIRE_PARTS=1` a missing one is an error. */
export async function whyNoS3(): Promise<string | undefined> {
  const present = await run("sh", ["-c", 'command -v swift-proxy-server && command -v memcached && [ "$(id -u)" = 0 ]']).then(
    () => true,
    () => false,
  );
  if (present) return undefined;
  const why = "Debian's swift and memcached are not installed, or this is not root";
  if (process.env["MODELYARD_REQUIRE_PARTS"] === "1") throw new Error(`MODELYARD_REQUIRE_PARTS is set, and ${why}`);
  return why;
}

/** Starts a server without data. */
export async function startRealS3(): Promise<RealS3> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-s3-"));
  const { stdout } = await run("sh", [script, "start", folder], { env: { ...process.env, PART_OWNER: String(process.pid) } });
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(stdout)?.[1] ?? "";
  const endpoint = value("ENDPOINT");
  const region = value("AWS_REGION");
  const secretAccessKey = new SecretText(value("AWS_SECRET_ACCESS_KEY"));
  const credentials = { kind: "static", accessKeyId: value("AWS_ACCESS_KEY_ID"), secretAccessKey } as const;
  const session = await openS3({ endpoint, region, credentials });
  const stop = async (): Promise<void> => {
    session.client.destroy();
    await run("sh", [script, "stop", folder]);
    await rm(folder, { recursive: true, force: true });
  };
  return { endpoint, region, credentials, session, stop };
}
