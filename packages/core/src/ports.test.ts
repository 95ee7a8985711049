import { describe, expect, test } from "vitest";
import { sleep, systemClock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { metricsRegistry } from "./metrics.ts";
import { failure } from "./platform-error.ts";
import { randomInteger, seededRandom } from "./random.ts";
import { fakeClock, recordedLog } from "./testing/index.ts";

describe("clock", () => {
  test("sleep() ends when its time has come, not before", async () => {
    const clock = fakeClock();
    let isDone = false;
    const slept = sleep(clock, 100).then(() => (isDone = true));
    await clock.advance(99);
    expect(isDone).toBe(false);
    await clock.advance(1);
    await slept;
    expect(clock.pending).toBe(0);
  });

  test("sleep() rejects with the reason of its signal and leaves no timer", async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    const slept = sleep(clock, 100, stop.signal);
    stop.abort(new Error("stop"));
    await expect(slept).rejects.toThrow("stop");
    expect(clock.pending).toBe(0);
  });

  test("the fake clock fires timers in the order they fall due", async () => {
    const clock = fakeClock();
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push("late"));
    clock.setTimer(10, () => {
      fired.push("early");
      clock.setTimer(5, () => fired.push("between"));
    });
    await clock.advance(30);
    expect(fired).toEqual(["early", "between", "late"]);
  });

  test("the system clock's monotonic time does not go back", () => {
    const clock = systemClock();
    const first = clock.monotonicMs();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });
});

describe("withDeadline()", () => {
  test("rejects with DEADLINE_EXCEEDED naming what took too long", async () => {
    const clock = fakeClock();
    const limited = withDeadline(new Promise(() => {}), { clock, limitMs: 10, what: "The fetch" });
    const outcome = expect(limited).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED", message: expect.stringContaining("The fetch") });
    await clock.advance(10);
    await outcome;
  });

  test("settles as the work does and leaves no timer", async () => {
    const clock = fakeClock();
    await expect(withDeadline(Promise.resolve(7), { clock, limitMs: 10, what: "It" })).resolves.toBe(7);
    await expect(
      withDeadline(Promise.reject(failure("NOT_FOUND", { what: "It" })), { clock, limitMs: 10, what: "It" }),
    ).rejects.toMatchObject({
      reason: "NOT_FOUND",
    });
    expect(clock.pending).toBe(0);
  });

  test("rejects with the reason of its signal", async () => {
    const stop = AbortSignal.abort(new Error("stop"));
    await expect(withDeadline(new Promise(() => {}), { clock: fakeClock(), limitMs: 10, what: "It", signal: stop })).rejects.toThrow(
      "stop",
    );
  });
});

describe("random", () => {
  test("the same seed gives the same numbers, within [0, 1)", () => {
    const [a, b] = [seededRandom(7), seededRandom(7)];
    const numbers = Array.from({ length: 1000 }, () => a.next());
    expect(numbers).toEqual(Array.from({ length: 1000 }, () => b.next()));
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(990);
  });

  test("randomInteger() covers its range and stays below its bound", () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 500 }, () => randomInteger(random, 5)));
    expect(seen).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

describe("log", () => {
  test("a record has time, level, message and the fields of its log", () => {
    const { log, records } = recordedLog();
    log.with({ modelName: "digits" }).info("model loaded", { sizeBytes: 10n });
    expect(records[0]).toMatchObject({ level: "info", message: "model loaded", modelName: "digits", sizeBytes: "10" });
  });

  test("an error is logged with its reason and its causes", () => {
    const { log, records } = recordedLog();
    log.error("load failed", failure("NOT_FOUND", { what: "It" }, { cause: new Error("inner") }));
    expect(records[0]).toMatchObject({ level: "error", error: { reason: "NOT_FOUND", cause: { message: "inner" } } });
  });
});

describe("metrics", () => {
  test("the same name and labels give the same series, whatever the labels' order", () => {
    const metrics = metricsRegistry();
    metrics.counter("requests_total", { a: "1", b: "2" }).add();
    metrics.counter("requests_total", { b: "2", a: "1" }).add(2);
    expect(metrics.snapshot()).toEqual([{ name: "requests_total", labels: { a: "1", b: "2" }, kind: "counter", value: 3 }]);
  });

  test("a histogram counts cumulatively, bounds included", () => {
    const metrics = metricsRegistry();
    const histogram = metrics.histogram("load_ms", [1, 10]);
    for (const value of [1, 5, 100]) histogram.observe(value);
    expect(metrics.snapshot()[0]).toMatchObject({
      value: 106,
      count: 3,
      buckets: [
        { upTo: 1, count: 1 },
        { upTo: 10, count: 2 },
        { upTo: Number.POSITIVE_INFINITY, count: 3 },
      ],
    });
  });

  test("a gauge holds what it was set to last", () => {
    const metrics = metricsRegistry();
    metrics.gauge("used_bytes").set(3);
    metrics.gauge("used_bytes").set(2);
    expect(metrics.snapshot()[0]?.value).toBe(2);
  });
});
