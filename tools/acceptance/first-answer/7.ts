/** Embedding twice in one process, and one contract suite on every store. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startModelyard } from "@modelyard/cli";
import { capture, program } from "../../repository.ts";
import { createService, waitReady } from "../harness/resources.ts";
import { readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";
import { answers } from "./2.ts";

/** Names under which the store's contract suite runs. */
const drivers = [
  "memory",
  "SQLite",
  "client and face over a Unix socket, memory behind",
  "client and face over a Unix socket, SQLite behind",
  "real etcd",
] as const;

interface TestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export async function measure({ folder }: PointContext): Promise<Measurement> {
  const embedded = await twoServers(folder);
  const reportFile = join(folder, "store.json");
  const { status } = await capture(program("vitest"), ["run", "packages/store", "--reporter=json", `--outputFile=${reportFile}`]);
  const { testResults } = JSON.parse(readFileSync(reportFile, "utf8")) as TestReport;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const passed = drivers.map(
    (driver) => tests.filter((one) => one.status === "passed" && one.ancestorTitles.includes(`store contract: ${driver}`)).length,
  );
  const failed = tests
    .filter((one) => one.status === "failed")
    .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.slice(0, 300)}`);
  const isWhole = passed.every((count) => count > 0 && count === passed[0]);
  const measured = `two servers in one process: ${embedded}; store suite: ${drivers.map((driver, index) => `${driver} ${passed[index]}`).join("; ")} passed`;
  return { measured, holds: embedded === "18 of 18 right, apart" && status === 0 && isWhole, details: failed };
}

async function twoServers(folder: string): Promise<string> {
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) => startModelyard({ dataDir: join(folder, name), port: 0, controlPort: 0 })),
  );
  if (!first || !second) throw new Error("startModelyard() gave no server");
  try {
    await createService(first.controlUrl, { name: "only-in-first", file: sharedModel("mnist/mnist.onnx") });
    await createService(second.controlUrl, { name: "only-in-second", file: sharedModel("mnist/mnist.onnx") });
    await waitReady(first.controlUrl, "only-in-first", 30_000);
    await waitReady(second.controlUrl, "only-in-second", 30_000);
    const cases = readCases(sharedModel("mnist/cases.json"));
    const one = await answers(first.dataUrl, { model: "only-in-first", cases, encodings: ["REST JSON"] });
    const two = await answers(second.dataUrl, { model: "only-in-second", cases, encodings: ["REST JSON"] });
    const crossed = await fetch(`${first.dataUrl}/v2/models/only-in-second/ready`);
    return `${one.right + two.right} of ${one.sent + two.sent} right, ${crossed.status === 404 ? "apart" : "mixed"}`;
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}
