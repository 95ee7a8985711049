import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { identityOf, isRunning, type ProcessIdentity } from "@modelyard/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startModelyard } from "./index.ts";
import { repositoryRoot, runCommand, sampleModel, startCommand, startServer, type TestServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8"));
const picture = `${repositoryRoot}samples/digits/digits-00.png`;

async function infer(dataUrl: string, model = "digits"): Promise<Response> {
  return await fetch(`${dataUrl}/v2/models/${model}/infer`, { method: "POST", body: JSON.stringify({ inputs: known.inputs }) });
}

/** Resolves when the sample answers right; a request may be refused or cut off while something is being started again. */
async function answersRight(dataUrl: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const response = await infer(dataUrl);
      expect(await response.json()).toMatchObject({ outputs: [{}, { name: "label", data: [known.argmax] }] });
    },
    { timeout: 20_000, interval: 50 },
  );
}

async function deployed(more: readonly string[] = []): Promise<TestServer> {
  const server = await startServer(temporaryFolder(), more);
  await server.json(["deploy", sampleModel]);
  return server;
}

function identity(pid: number | undefined): ProcessIdentity {
  const found = identityOf(pid ?? 0);
  if (!found) throw new Error(`process ${pid} does not run`);
  return found;
}

describe("a server with a model", () => {
  it("deploys, predicts, lists, explains and deletes", async () => {
    const server = await startServer();
    const { data } = server.ready;
    const answer = await server.json(["deploy", sampleModel]);
    expect(answer).toEqual({
      name: "digits",
      namespace: "default",
      url: `${data}/v2/models/digits`,
      grpc: new URL(data).host,
      revision: 1,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      curl: expect.stringContaining("/v2/models/digits/infer"),
    });
    const fromPicture = await server.command(["predict", "digits", "--input", picture]);
    expect(fromPicture).toMatchObject({ status: 0, stdout: expect.stringMatching(new RegExp(`label +INT64 +\\[1\\] +${known.argmax}\n`)) });
    const request = JSON.stringify({ inputs: known.inputs });
    const fromJson = await server.command(["predict", "digits", "--input", "-", "--output", "json"], { input: request });
    expect(JSON.parse(fromJson.stdout).outputs[1]).toMatchObject({ name: "label", data: [known.argmax] });
    expect(await server.json(["get", "isvc"])).toMatchObject({ kind: "InferenceServiceList", items: [{ metadata: { name: "digits" } }] });
    const described = await server.command(["describe", "inferenceservice", "digits"]);
    expect(described.stdout).toMatch(/Active model: {2}Loaded[\s\S]*Ready: +True[\s\S]*Served/);
    expect((await server.command(["events", "digits"])).stdout).toContain("inferenceservice/digits");
    expect((await server.command(["delete", "isvc", "digits"])).stdout).toBe('inferenceservice "digits" is deleted\n');
    await vi.waitFor(async () => expect((await infer(data)).status).toBe(404), 5_000);
    expect(await server.stop()).toBe(0);
  });

  it.skipIf(spawnSync("curl", ["--version"]).status !== 0)("prints a curl line that works when pasted", async () => {
    const server = await startServer();
    const { curl } = await server.json(["deploy", sampleModel]);
    const { outputs } = JSON.parse(execFileSync("sh", ["-c", String(curl)], { encoding: "utf8" }));
    expect(outputs.map(({ name }: { name: string }) => name)).toEqual(["probabilities", "label"]);
  });

  it("takes any model name, in any namespace, and finds the service by it", async () => {
    const server = await startServer();
    const name = "Ziffern/größe_1'%\"";
    const answer = await server.json(["deploy", sampleModel, "--name", name, "--namespace", "team"]);
    expect(answer).toMatchObject({ name, namespace: "team", url: `${server.ready.data}/ns/team/v2/models/${encodeURIComponent(name)}` });
    expect((await server.command(["predict", name, "--namespace", "team", "--input", picture])).stdout).toContain("probabilities");
    expect((await server.command(["describe", "isvc", name, "-n", "team"])).stdout).toContain(`Name:       ${name}`);
    expect((await server.command(["predict", name, "--input", picture])).status).toBe(3);
  });

  it("makes a new revision of changed bytes at the same path, and keeps the old one when the new one fails", async () => {
    const server = await startServer();
    const path = join(temporaryFolder(), "digits.onnx");
    writeFileSync(path, readFileSync(sampleModel));
    expect(await server.json(["deploy", path])).toMatchObject({ revision: 1 });
    expect(await server.json(["deploy", path])).toMatchObject({ revision: 1 });
    writeFileSync(path, readFileSync(sampleModel).subarray(0, 60_000));
    const failed = await server.command(["deploy", path]);
    expect(failed).toMatchObject({ status: 1, stderr: expect.stringMatching(/DEPLOY_FAILED[\s\S]*Next: /) });
    expect((await server.command(["describe", "isvc", "digits"])).stdout).toMatch(/Failure:\n {2}Reason:/);
    await answersRight(server.ready.data);
  });

  it("says with its exit status what went wrong", async () => {
    const server = await deployed();
    const statusOf = async (...args: string[]): Promise<number | null> => (await server.command(args)).status;
    expect(await statusOf("predict", "absent", "--input", picture)).toBe(3);
    expect(await server.command(["predict", "digits", "--input", "absent.png"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('The input "absent.png" was not found: there is no such file (INPUT_NOT_FOUND)'),
    });
    expect(await statusOf("describe", "isvc", "absent")).toBe(3);
    expect(await statusOf("events", "absent")).toBe(3);
    expect(await statusOf("logs", "absent")).toBe(3);
    expect((await server.command(["logs", "digits"])).stdout).toContain("a model was loaded");
    expect(await statusOf("deploy", "/absent/model.onnx")).toBe(3);
    expect(await statusOf("get", "teapots")).toBe(2);
    expect(await statusOf("predict", "digits")).toBe(2);
    expect(await statusOf("deploy", sampleModel, "--name", "late", "--timeout", "1ms")).toBe(5);
    expect((await runCommand(["get", "isvc", "--server", "http://127.0.0.1:9"])).status).toBe(4);
  });

  it("holds requests to the limits of its configuration", async () => {
    const server = await deployed(["--max-body", "2KiB", "--max-header", "1KiB"]);
    const url = `${server.ready.data}/v2/models/digits/infer`;
    expect((await fetch(url, { method: "POST", body: "x".repeat(2_049) })).status).toBe(413);
    expect((await fetch(url, { method: "POST", headers: { "x-long": "x".repeat(1_024) } })).status).toBe(431);
  });

  it("ends a command that is interrupted with 130", async () => {
    const server = await startServer();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/model.onnx`;
    const { child, outcome } = startCommand(["deploy", url, "--server", server.ready.control]);
    await once(silent, "connection");
    child.kill("SIGINT");
    expect(await outcome).toMatchObject({ status: 130, stderr: expect.stringContaining("The command was interrupted (INTERRUPTED)") });
  });
});

describe("a server whose processes are killed", () => {
  it("comes back by itself after a kill of serving and of control", async () => {
    const server = await deployed();
    const { data, pids } = server.ready;
    for (const pid of [pids.serving[0], pids.control]) {
      process.kill(pid ?? 0, "SIGKILL");
      await answersRight(data);
    }
    await vi.waitFor(async () => {
      const now = (await server.json(["doctor"]))["pids"];
      expect(now).toMatchObject({ supervisor: pids.supervisor });
      expect(now).not.toMatchObject({ control: pids.control });
      expect(now).not.toMatchObject({ serving: pids.serving });
    }, 10_000);
    await answersRight(data);
    expect(await server.stop()).toBe(0);
  });

  it("leaves no process behind when its supervisor is killed, and goes on when it is started again", async () => {
    const dataDir = temporaryFolder();
    const first = await startServer(dataDir);
    await first.json(["deploy", sampleModel]);
    const { pids } = first.ready;
    const children = [pids.control, ...pids.serving].map(identity);
    process.kill(pids.supervisor, "SIGKILL");
    const second = await startServer(dataDir);
    expect(children.some(isRunning)).toBe(false);
    await answersRight(second.ready.data);
  });
});

describe("a server that is told to end", () => {
  it("finishes the request in flight, then ends with 0", async () => {
    const server = await deployed();
    const body = JSON.stringify({ inputs: known.inputs });
    const socket = connect(Number(new URL(server.ready.data).port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(`POST /v2/models/digits/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 20)}`);
    // The request has arrived when a later one on another connection is answered.
    await answersRight(server.ready.data);
    server.child.kill("SIGTERM");
    await vi.waitFor(async () => await expect(fetch(server.ready.data)).rejects.toThrow());
    let answer = "";
    socket.on("data", (bytes) => (answer += String(bytes)));
    socket.write(body.slice(20));
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*"label"/);
    expect((await server.outcome).status).toBe(0);
  });

  it("takes two interrupts within a second as one", async () => {
    const server = await startServer();
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    expect((await server.outcome).status).toBe(0);
  });
});

describe("starting a server", () => {
  it("writes a data folder that only its owner can read", async () => {
    const { ready } = await startServer();
    for (const name of ["kubeconfig", "control.sock", "lock", "state.db"]) {
      expect(statSync(join(ready.dataDir, name)).mode & 0o077).toBe(0);
    }
    const byFolder = await runCommand(["get", "isvc"], { env: { MODELYARD_DATA: ready.dataDir } });
    expect(byFolder).toMatchObject({ status: 0, stdout: "There are no inferenceservices in the namespace default.\n" });
  });

  it("is refused on a folder that is in use, naming the holder", async () => {
    const { ready } = await startServer();
    const second = await runCommand(["up", "--data", ready.dataDir, "--port", "0", "--control-port", "0", "--metrics-port", "0"]);
    expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining(`pid ${ready.pids.supervisor}`) });
  });

  it.each([
    ["--port", "data"],
    ["--control-port", "control"],
    ["--metrics-port", "metrics"],
  ])("ends with status 4 when the %s is busy, naming who has it", async (flag, role) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = String(typeof address === "object" && address ? address.port : 0);
    const ports = ["--port", "--control-port", "--metrics-port"].flatMap((one) => [one, one === flag ? port : "0"]);
    const { status, stderr } = await runCommand(["up", "--data", temporaryFolder(), ...ports]);
    expect(stderr).toMatch(new RegExp(`The ${role} port ${port} .* is in use by process ${process.pid}[\\s\\S]*${flag}`));
    expect(status).toBe(4);
  });
});

describe("startModelyard()", () => {
  it("runs twice in one process without the two noticing each other", async () => {
    const [first, second] = await Promise.all([1, 2].map(() => startModelyard({ dataDir: temporaryFolder(), port: 0, controlPort: 0 })));
    if (!first || !second) throw new Error("both servers start");
    onTestFinished(async () => void (await Promise.all([first.close(), second.close()])));
    const deploying = await runCommand(["deploy", sampleModel, "--server", first.controlUrl]);
    expect(deploying).toMatchObject({ status: 0 });
    await answersRight(first.dataUrl);
    expect((await infer(second.dataUrl)).status).toBe(404);
    await first.close();
    expect((await fetch(`${second.dataUrl}/v2/health/ready`)).status).toBe(200);
  });
});
