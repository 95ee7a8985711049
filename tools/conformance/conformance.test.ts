/** The checks against a gateway in this process: they pass, and each notices what it is there for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noFault, plantedFaults } from "@modelyard/gateway/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catchFault } from "./catch-fault.ts";
import { checks } from "./checks.ts";
import { openWorkbench, type Workbench } from "./gateway-under-test.ts";
import { runChecks } from "./run-checks.ts";
import { subjectAt } from "./subject-at.ts";

let folder = "";
let workbench: Workbench;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "conformance-"));
  workbench = await openWorkbench(folder);
});

afterAll(async () => {
  await workbench.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the conformance checks", () => {
  it("have ids of their own, a third of them for wrong requests", () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    expect(checks.length).toBeGreaterThanOrEqual(500);
    expect(checks.filter(({ isWrong }) => isWrong).length).toBeGreaterThan(checks.length / 3);
  });

  it("all pass", async () => {
    const server = await workbench.start();
    const subject = subjectAt({ address: server.address });
    const results = await runChecks(checks, subject);
    subject.grpc.close();
    await server.close();
    expect(results.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
    expect(results.length).toBe(checks.length);
  });

  it("all pass where a fault would be planted and none is", async () => {
    expect(await catchFault(workbench, noFault)).toBeUndefined();
  });

  it("skip what needs a model that the server lacks", async () => {
    const server = await workbench.start();
    const subject = subjectAt({ address: server.address, models: new Map([["pair", "absent"]]) });
    const results = await runChecks(
      checks.filter(({ id }) => id.startsWith("rest-pair")),
      subject,
    );
    subject.grpc.close();
    await server.close();
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["skip"]));
  });
});

describe("a planted fault is caught: the server", () => {
  it.each(plantedFaults)("$what ($name)", async (fault) => {
    expect((await catchFault(workbench, fault))?.outcome).toBe("fail");
  });
});
