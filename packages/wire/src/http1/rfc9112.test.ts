/** HTTP/1.1 by RFC 9112: the recorded cases against Modelyard, `node:http` and nginx; a difference that is not recorded and explained fails. */
import { describe, expect, test } from "vitest";
import { type Http1ServerName, http1Cases, outcomeOf } from "../testing/http1-cases.ts";
import { runHttp1Cases } from "../testing/http1-runner.ts";
import { hasNginx, startHttp1Target } from "../testing/http1-targets.ts";

const cases = http1Cases();
const isNginxHere = await hasNginx();

/** Those that are not as recorded. */
async function surprises(server: Http1ServerName): Promise<unknown> {
  await using target = await startHttp1Target(server);
  const results = await runHttp1Cases(server, target.address);
  expect(results).toHaveLength(cases.length);
  return results.filter((one) => !one.isAsExpected);
}

describe("cases of RFC 9112", () => {
  test("are at least 250, each with its own name, a section and what it says", () => {
    expect(cases.length).toBeGreaterThanOrEqual(250);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    for (const one of cases) {
      expect(one.section, one.id).toMatch(/^\d{4} §\d+(\.\d+)*$/);
      expect(one.rule.length, one.id).toBeGreaterThan(5);
    }
  });

  test.each(["nginx", "nodeHttp"] as const)("explain where %s differs, and record nothing where it does not", (server) => {
    const recorded = cases.filter((one) => one[server]);
    expect(recorded.length).toBeGreaterThan(30);
    for (const one of recorded) {
      expect(one[server]?.why.length, one.id).toBeGreaterThan(20);
      expect(outcomeOf(one, server), one.id).not.toEqual(one.expected);
    }
  });

  test("no request that another server takes for two is served", () => {
    for (const one of cases) expect(JSON.stringify(one.expected), one.id).not.toContain("/smuggled");
  });

  test("go as recorded with Modelyard", async () => {
    expect(await surprises("modelyard")).toEqual([]);
  });

  test("go as recorded with node:http", async () => {
    expect(await surprises("nodeHttp")).toEqual([]);
  });

  test.skipIf(!isNginxHere)("go as recorded with nginx (skipped where nginx is not installed)", async () => {
    expect(await surprises("nginx")).toEqual([]);
  });
});
