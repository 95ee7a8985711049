import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failure } from "@modelyard/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { runCli } from "../cli.ts";
import { recordedContext } from "../testing/recorded-context.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const record = (second: number, message: string, fields: object = {}): string =>
  `${JSON.stringify({ time: `2026-01-01T00:00:0${second}.000Z`, level: "info", message, role: "x", pid: 1, ...fields })}\n`;

function dataFolder(): string {
  const dir = temporaryFolder();
  mkdirSync(join(dir, "logs"));
  const write = (name: string, text: string): void => writeFileSync(join(dir, "logs", name), text);
  write("control.log", record(3, "third", { modelId: "default/digits__isvc-0123456789" }));
  write("control.1.log", record(1, "first"));
  write("serving-0.log", `${record(2, "second", { modelId: "default/digits-2__isvc" })}a line of a library\n`);
  write("notes.txt", "not a log");
  return dir;
}

async function logs(...args: string[]): Promise<string[]> {
  const { context, stdout } = recordedContext();
  expect(await runCli(["logs", "--data", dataFolder(), ...args], context)).toBe(0);
  return stdout().trimEnd().split("\n");
}

describe("modelyard logs", () => {
  it("merges the logs of all processes and their older parts by time", async () => {
    expect(await logs()).toEqual([
      "2026-01-01T00:00:01.000Z  control     info   first",
      "2026-01-01T00:00:02.000Z  serving-0   info   second  modelId=default/digits-2__isvc",
      "2026-01-01T00:00:02.000Z  serving-0          a line of a library",
      "2026-01-01T00:00:03.000Z  control     info   third  modelId=default/digits__isvc-0123456789",
    ]);
  });

  it("shows the newest, of one process, or those about one service only", async () => {
    expect(await logs("--lines", "1")).toEqual([expect.stringContaining("third")]);
    expect(await logs("--process", "serving", "--lines", "1")).toEqual([expect.stringContaining("a line of a library")]);
    expect(await logs("digits")).toEqual([expect.stringContaining("third")]);
  });

  it("gives the records as they were written when JSON is asked for", async () => {
    expect((await logs("digits", "--output", "json")).map((line) => JSON.parse(line))).toMatchObject([{ message: "third", pid: 1 }]);
  });

  it("shows what an ended server wrote, though nobody can say whether a service of the name exists", async () => {
    vi.stubEnv("MODELYARD_DATA", temporaryFolder());
    vi.stubEnv("MODELYARD_URL", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { context, stderr } = recordedContext();
    expect(await runCli(["logs", "absent"], context)).toBe(0);
    expect(stderr()).toContain('about "absent"');
  });

  it("says so when there is nothing", async () => {
    const { context, stdout, stderr } = recordedContext();
    expect(await runCli(["logs", "--data", temporaryFolder()], context)).toBe(0);
    expect([stdout(), stderr()]).toEqual(["", expect.stringContaining("There are no records in")]);
  });

  it("ends silently with 130 when following is interrupted", async () => {
    const { context, interrupt, stdout, stderr } = recordedContext();
    const following = runCli(["logs", "--data", dataFolder(), "--follow", "--lines", "1"], context);
    interrupt.abort(failure("INTERRUPTED", {}));
    expect([await following, stdout(), stderr()]).toEqual([130, expect.stringContaining("third"), ""]);
  });
});
