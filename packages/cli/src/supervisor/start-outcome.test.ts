import { failure } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { StartOutcome } from "./start-outcome.ts";

const newOutcome = (): StartOutcome<{ readonly control: string }> => new StartOutcome((control) => ({ control }));
const died = (outcome: Pick<StartOutcome<unknown>, "noteDeath">, times: number): void => {
  for (let time = 0; time < times; time++) outcome.noteDeath("serving", "logs/serving-0.log");
};

describe("the start of a server", () => {
  it.each([
    ["control", "serving"],
    ["serving", "control"],
  ] as const)("ends well when %s and then %s are ready, and not before", async (first, second) => {
    const outcome = newOutcome();
    const url = (role: string): string | undefined => (role === "control" ? "http://c:1" : undefined);
    outcome.noteReady(first, url(first));
    expect(await Promise.race([outcome.ready, Promise.resolve("open")])).toBe("open");
    outcome.noteReady(second, url(second));
    expect(await outcome.ready).toEqual({ control: "http://c:1" });
  });

  it("has control's latest address, also once it has ended", async () => {
    const outcome = newOutcome();
    outcome.noteReady("control", "http://c:1");
    outcome.noteReady("control", "http://c:2");
    outcome.noteReady("serving", undefined);
    expect(await outcome.ready).toEqual({ control: "http://c:2" });
    outcome.noteReady("control", "http://c:3");
    expect([outcome.controlUrl, await outcome.ready]).toEqual(["http://c:3", { control: "http://c:2" }]);
  });

  it("ends badly with the first failure, or with the fifth death", async () => {
    const [failed, dead] = [newOutcome(), newOutcome()];
    failed.fail(failure("CANCELLED", { what: "The start" }));
    died(failed, 5);
    await expect(failed.ready).rejects.toMatchObject({ reason: "CANCELLED" });
    died(dead, 4);
    expect(await Promise.race([dead.ready, Promise.resolve("open")])).toBe("open");
    died(dead, 1);
    await expect(dead.ready).rejects.toMatchObject({ reason: "PROGRAM_FAILED", message: expect.stringContaining("5 times") });
  });

  it("that ended well is not undone by deaths", async () => {
    const outcome = newOutcome();
    outcome.noteReady("control", "http://c:1");
    outcome.noteReady("serving", undefined);
    died(outcome, 9);
    expect(await outcome.ready).toEqual({ control: "http://c:1" });
  });
});
