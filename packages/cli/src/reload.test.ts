import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { identityOf, isRunning } from "@modelyard/core";
import { grpcClient } from "@modelyard/gateway/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { main, repositoryRoot, sampleModel, startServer, type TestServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8"));

/** Calls `send` again and again until it is stopped; gives how many were answered, and rejects with the first that was not. */
function keepSending(send: () => Promise<void>): () => Promise<number> {
  let [isOver, answered] = [false, 0];
  const sent = (async () => {
    for (; !isOver; answered++) await send();
    return answered;
  })();
  sent.catch(() => {});
  return () => {
    isOver = true;
    return sent;
  };
}

/** One inference over HTTP/1.1, on connections that are kept until the server says that an answer is their last. Never tries again. */
function inferByHttp(port: number): () => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  const body = JSON.stringify({ inputs: known.inputs });
  return () =>
    new Promise((resolve, reject) => {
      const sent = request({ port, agent, method: "POST", path: "/v2/models/digits/infer" }, (answer) => {
        answer.resume();
        answer.once("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
      });
      sent.once("error", reject);
      sent.end(body);
    });
}

/** One inference over gRPC; the client honours GOAWAY. */
function inferByGrpc(port: number): () => Promise<void> {
  const client = grpcClient(port);
  onTestFinished(() => client.close());
  const inputs = known.inputs.map(({ data, ...input }: { data: readonly number[] }) => ({ ...input, contents: { fp32_contents: data } }));
  return async () => {
    const { outputs } = await client.call("ModelInfer", { model_name: "digits", inputs });
    expect(outputs).toHaveLength(2);
  };
}

function servingPids(server: TestServer): readonly number[] {
  const { children } = JSON.parse(readFileSync(join(server.ready.dataDir, "lock"), "utf8"));
  return children.filter(({ role }: { role: string }) => role === "serving").map(({ pid }: { pid: number }) => pid);
}

describe("a server that is told to reload", () => {
  it("replaces its serving processes without a failed request over HTTP/1.1 or gRPC", async () => {
    const server = await startServer(undefined, ["--serving-processes", "2"]);
    await server.json(["deploy", sampleModel]);
    await vi.waitFor(() => expect(servingPids(server)).toHaveLength(2), 10_000);
    const before = servingPids(server);
    const identities = before.map((pid) => identityOf(pid));
    const port = Number(new URL(server.ready.data).port);
    const http = inferByHttp(port);
    const senders = [http, http, http, http, inferByGrpc(port), inferByGrpc(port)].map(keepSending);
    process.kill(server.ready.pids.supervisor, "SIGHUP");
    await vi.waitFor(
      () => {
        const now = servingPids(server);
        expect(now).toHaveLength(2);
        expect(now.filter((pid) => before.includes(pid))).toEqual([]);
      },
      { timeout: 40_000, interval: 20 },
    );
    // Once more, from the processes that took over.
    process.kill(server.ready.pids.supervisor, "SIGHUP");
    await vi.waitFor(
      () => expect(readFileSync(join(server.ready.dataDir, "logs", "supervisor.log"), "utf8")).toMatch(/(was replaced[^]*){2}/),
      40_000,
    );
    for (const stop of senders) expect(await stop()).toBeGreaterThan(50);
    expect(identities.map((one) => one !== undefined && isRunning(one))).toEqual([false, false]);
    const doctor = await server.json(["doctor"]);
    expect(doctor["pids"]).toEqual({ ...server.ready.pids, serving: servingPids(server) });
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it("keeps the process that serves when a new one cannot start, and says why", async () => {
    const server = await startServer();
    await server.json(["deploy", sampleModel]);
    const { dataDir, data, pids } = server.ready;
    // Where the new process keeps which model runs there is a folder.
    mkdirSync(join(dataDir, "logs", "running-1"));
    process.kill(pids.supervisor, "SIGHUP");
    const log = (): string => readFileSync(join(dataDir, "logs", "supervisor.log"), "utf8");
    await vi.waitFor(() => expect(log()).toMatch(/a new serving process is not ready, the old one stays.*serving-1\.log/), 20_000);
    expect(readFileSync(join(dataDir, "logs", "serving-1.log"), "utf8")).toContain("EISDIR");
    expect(servingPids(server)).toEqual(pids.serving);
    await inferByHttp(Number(new URL(data).port))();
    rmSync(join(dataDir, "logs", "running-1"), { recursive: true });
    process.kill(pids.supervisor, "SIGHUP");
    await vi.waitFor(() => expect(log()).toContain("every serving process was replaced"), 20_000);
    expect(servingPids(server)).not.toEqual(pids.serving);
  });

  it.skipIf(spawnSync("script", ["--version"]).status !== 0)("ends when its terminal is closed", async () => {
    const dataDir = temporaryFolder();
    const command = `exec '${process.execPath}' --conditions=modelyard-source '${main}' up --data '${dataDir}' --port 0 --control-port 0`;
    const terminal = spawn("script", ["--quiet", "--command", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
    onTestFinished(() => void terminal.kill("SIGKILL"));
    const [line] = await once(createInterface({ input: terminal.stdout }), "line");
    const supervisor = identityOf(JSON.parse(String(line).replace("modelyard ready ", "")).pids.supervisor);
    terminal.kill("SIGKILL");
    await vi.waitFor(() => expect(supervisor && isRunning(supervisor)).toBe(false), 10_000);
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
  });
});
