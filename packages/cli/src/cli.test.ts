import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parseDocument } from "yaml";
import { buildProgram, runCli } from "./cli.ts";
import { recordedContext } from "./testing/recorded-context.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a folder of its own, with no server anywhere. */
async function run(...args: string[]): Promise<Outcome> {
  vi.stubEnv("MODELYARD_DATA", temporaryFolder());
  vi.stubEnv("MODELYARD_URL", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { context, stdout, stderr } = recordedContext();
  const status = await runCli(args, context);
  return { status, stdout: stdout(), stderr: stderr() };
}

const commandNames = buildProgram(recordedContext().context).commands.map((command) => command.name());

describe("modelyard --help", () => {
  it("lists the commands and the first steps", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot("testdata/help/modelyard.txt");
  });

  it.each(commandNames)("explains %s", async (name) => {
    const { status, stdout } = await run(name, "--help");
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot(`testdata/help/${name}.txt`);
  });

  it.each(commandNames)("offers --server and --output for %s", async (name) => {
    const { stdout } = await run(name, "--help");
    expect(stdout).toContain("--server <url>");
    expect(stdout).toMatch(/--output <form> +form of the answer \(choices: "table", "json", "yaml"/);
  });
});

describe("modelyard", () => {
  it("ends with 2 for what it does not understand, saying so on stderr", async () => {
    for (const args of [["nonsense"], ["deploy"], ["get"], ["up", "--port"], ["up", "--colour"], ["get", "isvc", "--output", "xml"], []]) {
      const { status, stdout, stderr } = await run(...args);
      expect([args, status, stdout]).toEqual([args, 2, ""]);
      expect(stderr).toMatch(args.length === 0 ? /^Usage: modelyard/ : /^modelyard: .+\n/);
    }
  });

  it("says what failed, why, and what to do next", async () => {
    const { status, stderr } = await run("get", "isvc");
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^modelyard: No server was found: .*has no kubeconfig.*\(SERVER_UNKNOWN\)\n {2}Next: Start one with `modelyard up`/,
    );
  });

  it("says it as an object when JSON is asked for", async () => {
    for (const args of [["--output", "json"], ["--output=json"], ["-o", "json"], ["-ojson"]]) {
      const { status, stderr } = await run("get", "isvc", ...args);
      expect(status).toBe(4);
      expect(JSON.parse(stderr)).toMatchObject({ error: { reason: "SERVER_UNKNOWN", code: "UNAVAILABLE", retryable: true } });
    }
  });

  it("says of an option that is wrong where options are explained, and of a configuration file why it cannot be read", async () => {
    expect((await run("deploy", "x.onnx", "--timeout", "soon")).stderr).toMatch(/--timeout is not valid.*OPTION_INVALID\)\n.*--help/);
    expect((await run("config", "--config", "/absent.yaml")).stderr).toContain("could not be read: there is no such file (");
    const file = join(temporaryFolder(), "broken.yaml");
    writeFileSync(file, "port: 1\n memory: [\n");
    expect((await run("config", "--config", file)).stderr).toMatch(
      /^modelyard: .* could not be read: .*at line \d+, column \d+ \(CONFIG_UNREADABLE\)\n/,
    );
  });

  it("refuses an address that is none", async () => {
    expect(await run("get", "isvc", "--server", "here")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--server is not valid: it is "here"'),
    });
  });

  it("prints its version without a server", async () => {
    expect(await run("--version")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const { status, stdout } = await run("version", "--output", "json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      client: expect.any(String),
      node: process.versions.node,
      problem: expect.stringContaining("No server"),
    });
  });
});

describe("modelyard config", () => {
  it("shows every value and where it came from", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "config.yaml"), "controlPort: 9000\n");
    vi.stubEnv("MODELYARD_RUN_LIMIT", "5s");
    const { status, stdout } = await run("config", "--data", dir, "--port", "0", "--memory", "1GiB", "--output", "yaml");
    expect(status).toBe(0);
    expect(parseDocument(stdout).toJS()).toMatchObject({
      data: { value: dir, source: "flag", origin: "--data" },
      port: { value: 0, source: "flag", flag: "--port", variable: "MODELYARD_PORT" },
      controlPort: { value: 9000, source: "file", origin: `controlPort in ${join(dir, "config.yaml")}` },
      memory: { value: 2 ** 30 },
      runLimit: { value: 5_000, source: "environment", origin: "MODELYARD_RUN_LIMIT" },
      address: { value: "127.0.0.1", source: "default" },
    });
    const table = await run("config", "--data", "/absent/models", "--memory", "1GiB");
    await expect(table.stdout).toMatchFileSnapshot("testdata/output/config.txt");
  });
});

describe("modelyard doctor", () => {
  it("finds a machine well on which a server could be started", async () => {
    const { status, stdout } = await run("doctor", "--port", "0", "--control-port", "0", "--output", "json");
    expect(status).toBe(0);
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(checks.map(({ name }: { name: string }) => name)).toEqual([
      "node",
      "data folder",
      "disk",
      "memory",
      "server",
      "data port",
      "control port",
      "metrics port",
    ]);
  });

  it("ends with 1 and says what to do when something keeps the server from working", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "version"), "9\n");
    const { status, stdout, stderr } = await run("doctor", "--data", dir, "--port", "0", "--control-port", "0");
    expect(status).toBe(1);
    expect(stdout).toMatch(/PROBLEM {2}data folder +.*has format 9, not 1[\s\S]*What to do:\n {2}data folder: Use the version/);
    expect(stderr).toBe("");
  });
});

describe("modelyard completion", () => {
  it.each(["bash", "zsh", "fish"])("prints a script for %s that knows every command", async (shell) => {
    const { status, stdout } = await run("completion", shell);
    expect(status).toBe(0);
    for (const name of commandNames.filter((one) => one !== "serve")) expect(stdout).toContain(name);
    expect(stdout).not.toMatch(/ -a serve\b|^ +serve\)/m);
  });

  it("refuses another shell", async () => {
    expect(await run("completion", "csh")).toMatchObject({ status: 2, stderr: expect.stringContaining("bash, zsh, fish") });
  });
});
