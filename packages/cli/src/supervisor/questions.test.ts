import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { Questions } from "./questions.ts";

describe("Questions", () => {
  it("gives each answer to who asked for it, and undefined to who got none in time", async () => {
    const clock = fakeClock();
    const questions = new Questions<string>({ clock, maxOpen: 8 });
    const ids: number[] = [];
    const [first, second] = [questions.ask(1_000, (id) => ids.push(id)), questions.ask(1_000, (id) => ids.push(id))];
    questions.answer(ids[1] ?? 0, "second");
    await clock.advance(1_000);
    questions.answer(ids[0] ?? 0, "too late");
    expect(await Promise.all([first, second])).toEqual([undefined, "second"]);
    expect(clock.pending).toBe(0);
  });

  it("does not ask when too many are open, and ends all when nobody is there", async () => {
    const clock = fakeClock();
    const questions = new Questions<string>({ clock, maxOpen: 1 });
    let sent = 0;
    const open = questions.ask(1_000, () => sent++);
    expect(await questions.ask(1_000, () => sent++)).toBeUndefined();
    questions.abandon();
    expect([await open, sent, clock.pending]).toEqual([undefined, 1, 0]);
  });
});
