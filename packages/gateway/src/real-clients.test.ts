/**
 * Clients that people use, against the gateway on real sockets. They come from PyPI into environments that `tools/install-python.ts` makes; where an
 * environment is absent its tests are skipped, and the title says so.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signatureOf, startTestServer, type TestServer, testModel } from "./testing/index.ts";

interface CallReport {
  readonly call: string;
  readonly ok: boolean;
  readonly answer: string;
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));
let server: TestServer;

/** Python of a complete environment, if there is one. */
function pythonOf(environment: string): string | undefined {
  const [complete] = globSync(join(repository, ".cache", "python", `${environment}-*`, "complete"));
  const python = complete && join(dirname(complete), "bin", "python");
  return python && existsSync(python) ? python : undefined;
}

async function callsOf(python: string, script: string): Promise<readonly CallReport[]> {
  const path = fileURLToPath(new URL(`../testdata/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [path, `localhost:${server.port}`], { timeout: 50_000 });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as CallReport);
}

beforeAll(async () => {
  const pair = { revision: 1, model: await testModel("default/pair__isvc-1") };
  const words = { revision: 1, model: await testModel("default/words__isvc-1", { signature: signatureOf("BYTES") }) };
  const services = [
    { name: "pair", revisions: [pair] },
    { name: "derived", modelName: "a b/ü", revisions: [{ revision: 1, model: await testModel("default/derived__isvc-1") }] },
    { name: "words", revisions: [words] },
  ] as const;
  server = await startTestServer({ services });
});

afterAll(() => server.close());

describe.each([
  { client: "tritonclient", script: "tritonclient_calls.py", calls: 38 },
  { client: "kserve", script: "kserve_calls.py", calls: 12 },
])("the client $client", ({ client, script, calls }) => {
  const python = pythonOf(client);

  it.skipIf(python === undefined)(
    `gets right answers and plain refusals (skipped where its environment is absent)`,
    { timeout: 60_000 },
    async () => {
      const reports = await callsOf(python ?? "", script);
      expect(reports.filter((report) => !report.ok)).toEqual([]);
      expect(reports).toHaveLength(calls);
    },
  );
});
