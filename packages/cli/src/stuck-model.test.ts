/** A model that hangs for some inputs, on the whole product: what a run that never ends costs, and whom. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countingModelFile } from "@modelyard/runtimes/testing";
import { expect, it, vi } from "vitest";
import { repositoryRoot, sampleModel, startServer, type TestServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8"));
const runLimitMs = 2_000;
/** Rounds that nobody lives to see the end of. */
const endless = Number.MAX_SAFE_INTEGER;
const services = "apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";

/** A server with the sample and a model that counts as far as its input says. */
async function serverWithCounting(): Promise<TestServer> {
  const server = await startServer(undefined, [], { env: { MODELYARD_RUN_LIMIT: `${runLimitMs}ms` } });
  const file = join(temporaryFolder(), "counting.onnx");
  writeFileSync(file, countingModelFile());
  await server.json(["deploy", sampleModel]);
  await server.json(["deploy", file]);
  return server;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly outputs?: readonly { readonly data: readonly unknown[] }[]; readonly reason?: string };
}

async function infer(server: TestServer, model: string, inputs: unknown): Promise<Answer> {
  const response = await fetch(`${server.ready.data}/v2/models/${model}/infer`, { method: "POST", body: JSON.stringify({ inputs }) });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

function count(server: TestServer, rounds: number): Promise<Answer> {
  return infer(server, "counting", [{ name: "x", datatype: "INT64", shape: [], data: [rounds] }]);
}

async function counts(server: TestServer): Promise<void> {
  const { status, body } = await count(server, 7);
  expect({ status, data: body.outputs?.[0]?.data }).toEqual({ status: 200, data: [7] });
}

async function sampleAnswers(server: TestServer): Promise<void> {
  expect((await infer(server, "digits", known.inputs)).status).toBe(200);
}

/** Asks the sample all the time; stopped, it gives the longest time between two answers. Rejects with the first request that is not answered. */
function keepAsking(server: TestServer): () => Promise<number> {
  let isOver = false;
  const asked = (async () => {
    let [longestMs, lastMs] = [0, performance.now()];
    while (!isOver) {
      await sampleAnswers(server);
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }
    return longestMs;
  })();
  asked.catch(() => {});
  return () => {
    isOver = true;
    return asked;
  };
}

function servingPids(server: TestServer): readonly number[] {
  const { children } = JSON.parse(readFileSync(join(server.ready.dataDir, "lock"), "utf8"));
  return children.filter(({ role }: { role: string }) => role === "serving").map(({ pid }: { pid: number }) => pid);
}

it("costs its serving process once; then the model has a process of its own, another hang costs that alone, and the model is quarantined", async () => {
  const server = await serverWithCounting();
  await counts(server);
  const [first] = servingPids(server);
  await expect(count(server, endless)).rejects.toThrow();
  await vi.waitFor(() => sampleAnswers(server), { timeout: 20_000, interval: 50 });
  await vi.waitFor(() => counts(server), { timeout: 20_000, interval: 50 });
  const [second] = servingPids(server);
  expect(second).not.toBe(first);

  const stop = keepAsking(server);
  const [stuck, waiting] = await Promise.all([count(server, endless), count(server, endless)]);
  expect([stuck, waiting]).toMatchObject([
    { status: 504, body: { reason: "RUN_TIMED_OUT" } },
    { status: 504, body: { reason: "RUN_TIMED_OUT" } },
  ]);
  expect(await stop()).toBeLessThan(runLimitMs / 2);
  expect(servingPids(server)).toEqual([second]);

  expect(await count(server, 7)).toMatchObject({ status: 400, body: { reason: "RUNTIME_CRASHED" } });
  await sampleAnswers(server);
  await vi.waitFor(async () => {
    const { stdout } = await server.command(["describe", "isvc", "counting"]);
    expect(stdout).toMatch(/PredictorReady:\s+False.*the runtime hung twice while it ran/);
  }, 20_000);
}, 120_000);

it("costs no serving process where the model was given a process of its own by its parameter `isolation`", async () => {
  const server = await serverWithCounting();
  const [serving] = servingPids(server);
  const patched = await fetch(`${server.ready.control}/${services}/counting`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify({ spec: { predictor: { model: { storage: { parameters: { isolation: "process" } } } } } }),
  });
  expect(patched.status).toBe(200);
  await vi.waitFor(
    async () => expect(await server.json(["get", "isvc", "counting"])).toMatchObject({ status: { modelyard: { revision: 2 } } }),
    20_000,
  );
  await counts(server);
  const stop = keepAsking(server);
  expect(await count(server, endless)).toMatchObject({ status: 504, body: { reason: "RUN_TIMED_OUT" } });
  await counts(server);
  expect(await stop()).toBeLessThan(runLimitMs / 2);
  expect(servingPids(server)).toEqual([serving]);
}, 120_000);
