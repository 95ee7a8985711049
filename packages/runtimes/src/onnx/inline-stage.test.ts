import { OwedWork } from "@modelyard/core";
import { type WorkClock, workClock } from "@modelyard/core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type InlineRun, InlineStage } from "./inline-stage.ts";

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let clock: WorkClock;
let owed: OwedWork;
let stage: InlineStage;
let notes: string[];
beforeEach(() => {
  clock = workClock();
  owed = new OwedWork();
  stage = new InlineStage(clock, owed);
  notes = [];
});

/** A run that takes so long, was expected to take as long, and notes its steps. */
function run(name: string, takesMs: number, onAnswer = (): void => {}): InlineRun {
  return {
    expectedMicros: takesMs * 1000,
    endMs: 0,
    run(this: { endMs: number }) {
      notes.push(`run ${name}`);
      clock.work(takesMs);
      this.endMs = clock.monotonicMs();
    },
    answer() {
      notes.push(`answer ${name}`);
      onAnswer();
    },
  };
}

describe("InlineStage", () => {
  it("runs what came in a turn at its end, in order, and answers afterwards", async () => {
    for (const name of ["a", "b", "c"]) stage.add(run(name, 0.1));
    expect(notes).toEqual([]);
    await turnEnd();
    expect(notes).toEqual(["run a", "run b", "run c", "answer a", "answer b", "answer c"]);
  });

  it("runs for a millisecond and a half of a turn, whatever was expected, and leaves the rest to the next", async () => {
    for (const name of ["a", "b", "c", "d"]) stage.add({ ...run(name, 1), expectedMicros: 1 });
    await turnEnd();
    expect(notes).toEqual(["run a", "run b", "answer a", "answer b"]);
    await turnEnd();
    expect(notes.slice(4)).toEqual(["run c", "run d", "answer c", "answer d"]);
  });

  it("runs at least one in a turn", async () => {
    for (const name of ["long", "short"]) stage.add(run(name, 30));
    await turnEnd();
    expect(notes).toEqual(["run long", "answer long"]);
    await turnEnd();
    expect(notes.slice(2)).toEqual(["run short", "answer short"]);
  });

  it("runs what an answer brings in the next turn, behind what was left", async () => {
    stage.add(run("a", 2, () => stage.add(run("next", 1))));
    stage.add(run("b", 1));
    await turnEnd();
    expect(notes).toEqual(["run a", "answer a"]);
    await turnEnd();
    expect(notes.slice(2)).toEqual(["run b", "run next", "answer b", "answer next"]);
  });

  it("owes what waits, until it has run", async () => {
    for (const name of ["a", "b", "c"]) stage.add(run(name, 1));
    expect(owed.micros).toBe(3000);
    await turnEnd();
    expect(owed.micros).toBe(1000);
    await turnEnd();
    expect(owed.micros).toBe(0);
  });
});
