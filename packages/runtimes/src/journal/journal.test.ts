import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hangDetector } from "./hang-detector.ts";
import { hangNotePath, writeHangNote } from "./hang-note.ts";
import { readPostMortem } from "./post-mortem.ts";
import { createRunJournal } from "./run-journal.ts";
import { readSlots } from "./running-file.ts";
import { idleMs, openThreadJournal } from "./thread-journal.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "modelyard-journal-"));
  path = join(dir, "running");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (modelId: string, limitMs = 1000) => ({ modelId, phase: "run", limitMs }) as const;
const end = { atMs: 1_700_000_000_000 } as const;

describe("the journal", () => {
  it("names the model of a run that did not end", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    journal.main.begin(run("m1"));
    expect(readPostMortem(path, end)).toMatchObject({
      modelId: "m1",
      phase: "run",
      kind: "crash",
      atMs: end.atMs,
      error: { reason: "RUNTIME_CRASHED" },
    });
  });

  it("writes the file only when the model changes", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    const mark = run("m1");
    journal.main.begin(mark);
    journal.main.end();
    writeFileSync(path, "untouched");
    journal.main.begin(mark);
    journal.main.end();
    expect(readSlots(path)).toEqual([]);
    journal.main.begin(run("m2"));
    expect(readSlots(path)).toEqual([{ modelId: "m2", phase: "run" }]);
  });

  it("blames nobody for a crash when the thread has been idle for a while", async () => {
    const clock = fakeClock();
    const journal = createRunJournal({ path, clock, threads: 1 });
    journal.main.begin(run("m1"));
    journal.main.end();
    await clock.advance(2 * idleMs);
    expect(readPostMortem(path, end)).toBeUndefined();
  });

  it("still names a model that runs for longer than the idle time, or runs again after it", async () => {
    const clock = fakeClock();
    const journal = createRunJournal({ path, clock, threads: 1 });
    const mark = run("m1");
    journal.main.begin(mark);
    await clock.advance(10 * idleMs);
    expect(readSlots(path)).toEqual([{ modelId: "m1", phase: "run" }]);
    journal.main.end();
    await clock.advance(2 * idleMs);
    journal.main.begin(mark);
    expect(readSlots(path)).toEqual([{ modelId: "m1", phase: "run" }]);
  });

  it("blames nobody after an end in order, or when no journal was kept", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    journal.main.begin(run("m1"));
    journal.close();
    journal.close();
    expect(readPostMortem(path, end)).toBeUndefined();
    expect(readPostMortem(join(dir, "absent"), end)).toBeUndefined();
  });

  it("blames nobody for a SIGKILL from outside", () => {
    createRunJournal({ path, clock: fakeClock(), threads: 1 }).main.begin(run("m1"));
    expect(readPostMortem(path, { ...end, signal: "SIGKILL" })).toBeUndefined();
  });

  it("tells a hang from a crash by the watchdog's note, once", () => {
    createRunJournal({ path, clock: fakeClock(), threads: 1 });
    writeHangNote(path, { modelId: "m1", phase: "run", limitMs: 500, atMs: 5 });
    expect(readPostMortem(path, { ...end, signal: "SIGKILL" })).toMatchObject({ modelId: "m1", kind: "hang", atMs: 5 });
    expect(readPostMortem(path, { ...end, signal: "SIGKILL" })).toBeUndefined();
  });

  it.each([
    ["a torn note", "{", ""],
    ["a torn slot", undefined, '{"modelId":"m'],
  ])("survives %s", (_what, note, slot) => {
    if (note !== undefined) writeFileSync(hangNotePath(path), note);
    writeFileSync(path, slot.padEnd(2048, " "));
    expect(readPostMortem(path, end)).toBeUndefined();
  });

  it("suspects a load before a run, and a worker before the I/O thread", () => {
    const clock = fakeClock();
    const journal = createRunJournal({ path, clock, threads: 3 });
    journal.main.begin(run("io"));
    openThreadJournal(journal.share(1), clock).begin(run("worker"));
    expect(readPostMortem(path, end)?.modelId).toBe("worker");
    openThreadJournal(journal.share(2), clock).begin({ ...run("loading"), phase: "load" });
    expect(readPostMortem(path, end)).toMatchObject({ modelId: "loading", phase: "load" });
  });
});

describe("hangDetector", () => {
  it("finds a run that exceeds its limit, not before, and names its thread", () => {
    const clock = fakeClock();
    const journal = createRunJournal({ path, clock, threads: 2 });
    const detect = hangDetector(new Int32Array(journal.words));
    const worker = openThreadJournal(journal.share(1), clock);
    worker.begin(run("m1", 500));
    expect(detect(1000)).toBeUndefined();
    expect(detect(1499)).toBeUndefined();
    expect(detect(1500)).toEqual({ thread: 1, limitMs: 500 });
  });

  it("takes many short runs and idle threads for no hang", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    const detect = hangDetector(new Int32Array(journal.words));
    const mark = run("m1", 500);
    for (let atMs = 0; atMs < 10_000; atMs += 400) {
      expect(detect(atMs)).toBeUndefined();
      journal.main.begin(mark);
      expect(detect(atMs + 1)).toBeUndefined();
      journal.main.end();
      journal.main.begin(mark);
    }
    journal.main.end();
    expect(detect(20_000)).toBeUndefined();
    expect(detect(30_000)).toBeUndefined();
  });
});

describe("a serving process", () => {
  const program = fileURLToPath(new URL("testing/serving-program.ts", import.meta.url));
  const start = (how: string) => {
    const { signal, status, stderr } = spawnSync(process.execPath, ["--conditions=modelyard-source", program, path, how], {
      encoding: "utf8",
      timeout: 20_000,
    });
    return { signal, status, stderr };
  };

  it.each(["main", "worker"])("that hangs on the %s thread is ended by its watchdog, and the model is named", (thread) => {
    expect(start(`hang-${thread}`)).toMatchObject({ signal: "SIGKILL" });
    expect(readPostMortem(path, { atMs: 1, signal: "SIGKILL" })).toMatchObject({ modelId: `slow-${thread}`, kind: "hang", phase: "run" });
  });

  it("that crashes in a run leaves the model's name", () => {
    expect(start("crash")).toMatchObject({ signal: "SIGABRT" });
    expect(readPostMortem(path, { atMs: 1, signal: "SIGABRT" })).toMatchObject({ modelId: "crashing", kind: "crash" });
  });

  it("that ends in order leaves nothing", () => {
    expect(start("end")).toMatchObject({ signal: null, status: 0 });
    expect(readPostMortem(path, { atMs: 1 })).toBeUndefined();
  });
});
