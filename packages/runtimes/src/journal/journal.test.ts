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
import { StuckProcess } from "./stuck-process.ts";
import { runWatched } from "./testing/watched-program.ts";
import { exactBelowMs, idleMs, openThreadJournal } from "./thread-journal.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "modelyard-journal-"));
  path = join(dir, "running");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (modelId: string, limitMs = 30_000) => ({ modelId, phase: "run", limitMs }) as const;
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
    expect(readSlots(path)).toMatchObject([{ modelId: "m2", phase: "run", pid: process.pid }]);
  });

  it("says exactly which run of a short limit is under way on the I/O thread, and that there is none after it", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    const mark = run("m1", exactBelowMs - 1);
    journal.main.begin(mark);
    const [first] = readSlots(path);
    expect(first).toMatchObject({ modelId: "m1", limitMs: exactBelowMs - 1 });
    journal.main.end();
    expect(readSlots(path)).toEqual([undefined]);
    journal.main.begin(mark);
    expect(readSlots(path)[0]?.run).not.toBe(first?.run);
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
    expect(readSlots(path)).toMatchObject([{ modelId: "m1", phase: "run" }]);
    journal.main.end();
    await clock.advance(2 * idleMs);
    journal.main.begin(mark);
    expect(readSlots(path)).toMatchObject([{ modelId: "m1", phase: "run" }]);
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
    const detect = hangDetector(new Int32Array(journal.words), 250);
    const worker = openThreadJournal(journal.share(1), clock);
    worker.begin(run("m1", 500));
    expect(detect(1000)).toBeUndefined();
    expect(detect(1499)).toBeUndefined();
    expect(detect(1500)).toEqual({ thread: 1, limitMs: 500 });
  });

  it("takes many short runs and idle threads for no hang", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    const detect = hangDetector(new Int32Array(journal.words), 250);
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

  it("does not charge a run with the time in which nobody looked: the process may have been stopped", () => {
    const journal = createRunJournal({ path, clock: fakeClock(), threads: 1 });
    const detect = hangDetector(new Int32Array(journal.words), 100);
    journal.main.begin(run("m1", 500));
    expect(detect(0)).toBeUndefined();
    expect(detect(3_600_000)).toBeUndefined();
    expect(detect(3_600_100)).toBeUndefined();
    expect(detect(3_600_200)).toBeUndefined();
    expect(detect(3_600_300)).toEqual({ thread: 0, limitMs: 500 });
  });
});

describe("StuckProcess", () => {
  const clock = fakeClock();
  const watch = (pid = process.pid) => new StuckProcess({ path, pid, clock });

  it("finds a run that was there at each look for as long as its limit, and leaves its name", () => {
    const journal = createRunJournal({ path, clock, threads: 2 });
    openThreadJournal(journal.share(1), clock).begin(run("worker", 100));
    journal.main.begin(run("m1", 500));
    const stuck = watch();
    expect([stuck.look(400), stuck.look(499), stuck.look(1)]).toEqual([false, false, true]);
    stuck.leaveNote();
    expect(readPostMortem(path, { ...end, signal: "SIGKILL" })).toMatchObject({ modelId: "m1", kind: "hang", phase: "run" });
  });

  it("begins anew with a next run of the same model, and after a sign of life", () => {
    const journal = createRunJournal({ path, clock, threads: 1 });
    const stuck = watch();
    const mark = run("m1", 500);
    journal.main.begin(mark);
    expect([stuck.look(0), stuck.look(400)]).toEqual([false, false]);
    journal.main.end();
    journal.main.begin(mark);
    expect([stuck.look(400), stuck.look(400)]).toEqual([false, false]);
    stuck.forget();
    expect([stuck.look(400), stuck.look(499), stuck.look(1)]).toEqual([false, false, true]);
  });

  it("blames nobody between runs of a short limit, before the first run, or for what another process left", () => {
    const stuck = watch();
    expect(stuck.look(1_000_000)).toBe(false);
    const journal = createRunJournal({ path, clock, threads: 1 });
    expect(stuck.look(1_000_000)).toBe(false);
    journal.main.begin(run("m1", 500));
    const other = watch(process.pid + 1);
    expect([other.look(0), other.look(1_000_000)]).toEqual([false, false]);
    journal.main.end();
    expect([stuck.look(0), stuck.look(1_000_000)]).toEqual([false, false]);
  });
});

describe("a serving process", () => {
  const program = fileURLToPath(new URL("testing/serving-program.ts", import.meta.url));
  const start = (how: string) => runWatched(program, path, how);

  it.each(["main", "worker"])("that hangs on the %s thread is ended by its watchdog, and the model is named", async (thread) => {
    expect(await start(`hang-${thread}`)).toMatchObject({ signal: "SIGKILL", wasStuck: thread === "main" });
    expect(readPostMortem(path, { atMs: 1, signal: "SIGKILL" })).toMatchObject({ modelId: `slow-${thread}`, kind: "hang", phase: "run" });
  });

  it("that crashes in a run leaves the model's name", async () => {
    expect(await start("crash")).toMatchObject({ signal: "SIGABRT" });
    expect(readPostMortem(path, { atMs: 1, signal: "SIGABRT" })).toMatchObject({ modelId: "crashing", kind: "crash" });
  });

  it("that ends in order leaves nothing", async () => {
    expect(await start("end")).toMatchObject({ signal: null, status: 0 });
    expect(readPostMortem(path, { atMs: 1 })).toBeUndefined();
  });
});
