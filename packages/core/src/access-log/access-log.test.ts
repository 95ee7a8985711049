import { describe, expect, it } from "vitest";
import { metricsRegistry } from "../metrics.ts";
import { fakeClock, recordedLog } from "../testing/index.ts";
import { AccessLog, maxAccessEntries } from "./access-log.ts";
import type { AccessRecord } from "./access-record.ts";

const recordOf = (path: string): AccessRecord => ({
  time: "1970-01-01T00:00:00.000Z",
  remote: "",
  protocol: "http/1.1",
  face: "rest",
  method: "GET",
  path,
  status: 200,
  code: "OK",
  durationMs: 0,
  bytesIn: 0,
  bytesOut: 0,
});

describe("AccessLog", () => {
  it("writes what has gathered after a moment, drops what finds no room, and counts it", async () => {
    const clock = fakeClock();
    const metrics = metricsRegistry();
    let written = "";
    const log = new AccessLog({
      clock,
      metrics,
      log: recordedLog().log,
      accessLog: "all",
      recordOf,
      writeAccessLog: (lines) => (written += lines),
    });
    for (let count = 0; count < maxAccessEntries + 5; count++) log.add("/v2");
    expect(written).toBe("");
    await clock.advance(100);
    expect(written.trimEnd().split("\n")).toHaveLength(maxAccessEntries);
    expect(metrics.snapshot()).toMatchObject([{ name: "modelyard_access_log_dropped_total", value: 5 }]);
    expect(clock.pending).toBe(0);
  });

  it("goes on when lines cannot be written, and says so", async () => {
    const clock = fakeClock();
    const { log, records } = recordedLog();
    const metrics = metricsRegistry();
    const failing = (): void => {
      throw new Error("disk full");
    };
    const accessLog = new AccessLog({ clock, metrics, log, accessLog: "all", recordOf, writeAccessLog: failing });
    accessLog.add("/v2");
    await clock.advance(100);
    accessLog.flush();
    expect(records).toMatchObject([{ message: "Lines of the access log could not be written", lines: 1 }]);
    expect(metrics.snapshot()).toMatchObject([{ value: 1 }]);
  });
});
