/**
 * Pressure on a whole server, over cleartext and over TLS with keys: slow readers, slow writers, ten thousand idle connections, and kill -9 under load.
 * Bounds are of memory and counts; times are limits after which waiting ends.
 */
import { join } from "node:path";
import { sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";
import { idleConnections } from "./7-idle.ts";
import { killedModels, killsUnderTls } from "./7-kills.ts";
import type { Finding } from "./7-pressure.ts";
import { slowReaders } from "./7-slow-readers.ts";
import { slowWriters } from "./7-slow-writers.ts";
import { startTarget, type Target } from "./7-target.ts";

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const mnist = sharedModel("mnist/mnist.onnx");
  const targets: Target[] = [];
  const findings: Finding[] = [];
  const note = (finding: Finding): void => {
    findings.push(finding);
    for (const line of [finding.measured, ...finding.problems]) say(line);
  };
  try {
    targets.push(await startTarget(join(folder, "cleartext"), { isSecure: false }));
    targets.push(
      await startTarget(join(folder, "tls"), { isSecure: true, models: Object.fromEntries(killedModels.map((name) => [name, mnist])) }),
    );
    for (const target of targets) note(await idleConnections(target));
    // Most of this is waiting for the server to lose its patience.
    for (const finding of await Promise.all(targets.map(slowWriters))) note(finding);
    for (const finding of await Promise.all(targets.map(slowReaders))) note(finding);
    for (const target of targets) if (target.name === "TLS") note(await killsUnderTls(target, say));
  } finally {
    for (const { server } of targets) await server.stop();
  }
  const problems = findings.flatMap((finding) => finding.problems);
  return { measured: findings.map(({ measured }) => measured).join("; "), holds: problems.length === 0, details: problems.slice(0, 40) };
}
