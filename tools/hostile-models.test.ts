import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkModel, parseModel } from "@modelyard/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostileInput, type HostileModel, hostileModels, hostileModelTable } from "./hostile-models.ts";

/** Loads a model, says so, runs it once, prints the answer; in a process of its own because that may not survive. */
const runner = `
  import { InferenceSession, Tensor } from "onnxruntime-node";
  const { path, input } = JSON.parse(process.argv[1]);
  const session = await InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  process.stdout.write("loaded;");
  const type = input.datatype === "FP32" ? "float32" : "int32";
  const { y } = await session.run({ x: new Tensor(type, input.data, input.shape) });
  process.stdout.write("answered " + y.data.length);
`;

interface Outcome {
  readonly output: string;
  /** "hang" when it had not ended after the time a harmless run takes many times over. */
  readonly end: number | NodeJS.Signals | "hang" | null;
}

function run(path: string, input: HostileInput, hangMs: number): Promise<Outcome> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", runner, JSON.stringify({ path, input })], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let output = "";
    let hung = false;
    child.stdout.on("data", (chunk: Buffer) => {
      output += String(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += String(chunk);
    });
    const timer = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, hangMs);
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ output, end: hung ? "hang" : (signal ?? status) });
    });
  });
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(model: HostileModel): string {
  const path = join(folder, `${model.name}-test.onnx`);
  writeFileSync(path, model.build());
  return path;
}

const isX86 = process.arch === "x64";
const runnable = hostileModelTable.filter(({ effect, name }) => effect !== "invalid" && (isX86 || name !== "crash-for-input"));

describe("hostile models", () => {
  it.each(runnable)("$name does what it says: $what", async (model) => {
    expect(checkModel(parseModel(model.build()))).toEqual([]);
    const path = written(model);
    const { output, end } = await run(path, model.trigger, model.effect === "hang" ? 3_000 : 25_000);
    expect(output.startsWith("loaded;")).toBe(model.when !== "load");
    expect(output).not.toContain("answered");
    if (model.effect === "hang") expect(end).toBe("hang");
    else if (model.effect === "crash") expect(["SIGSEGV", "SIGFPE", "SIGABRT", "SIGBUS"]).toContain(end);
    else expect(output).toMatch(/Failed to allocate memory|bad_alloc/);
  });

  it.each(runnable.filter(({ when }) => when === "input"))("$name answers until it gets the input that sets it off", async (model) => {
    expect((await run(written(model), model.harmless, 25_000)).output).toBe("loaded;answered 1");
  });

  it("has one that is no whole file", () => {
    const [truncated] = hostileModelTable.filter(({ effect }) => effect === "invalid");
    expect(truncated).toBeDefined();
    expect(() => parseModel(truncated?.build() ?? new Uint8Array())).toThrow("not a valid ONNX model");
  });

  it("are written as files where the harm shows in the state of the model", () => {
    const files = hostileModels(join(folder, "all"));
    expect(files.map(({ kind }) => kind)).toEqual(hostileModelTable.filter(({ reason }) => reason).map(({ name }) => name));
  });
});
