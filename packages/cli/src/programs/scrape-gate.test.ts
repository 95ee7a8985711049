import { type AccessLogLevel, type AccessRecord, metricsRegistry, silentLog } from "@modelyard/core";
import { fakeClock, keyTableOf, mintKey } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import type { Scrape } from "../supervisor/scrape.ts";
import { createScrapeGate, type ScrapeGate } from "./scrape-gate.ts";

const scraper = mintKey("scraper1", { namespace: "modelyard-system" });
const team = mintKey("teamkey1", { namespace: "team" });
const expired = mintKey("expired1", { namespace: "modelyard-system", expiresAtMs: 0 });

interface Gate extends ScrapeGate {
  /** Everything recorded, once the gate is closed. */
  readonly records: () => readonly AccessRecord[];
}

function gateOf(accessLog: AccessLogLevel = "off"): Gate {
  let lines = "";
  const gate = createScrapeGate({
    authentication: { kind: "required", keys: keyTableOf(scraper, team, expired), clientCertificates: true },
    accessLog,
    writeAccessLog: (more) => (lines += more),
    clock: fakeClock(),
    log: silentLog(),
    metrics: metricsRegistry(),
  });
  const records = (): readonly AccessRecord[] => {
    gate.close();
    return lines.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as AccessRecord]));
  };
  return { ...gate, records };
}

const request = (fields: Readonly<Record<string, string>>, more: { readonly certificate?: string } = {}): Scrape => {
  return { kind: "request", remote: "10.0.0.1", method: "GET", target: "/metrics?x", fields, ...more };
};

describe("createScrapeGate()", () => {
  it("lets in a key of the system namespace, by either field, and a client certificate", () => {
    const gate = gateOf();
    const scrapes = [
      request({ authorization: `Bearer ${scraper.text}` }),
      request({ "modelyard-api-key": scraper.text }),
      request({}, { certificate: "prometheus" }),
    ];
    expect(scrapes.map((one) => gate.authorize(one).kind)).toEqual(["granted", "granted", "granted"]);
    expect(gate.records()).toEqual([]);
  });

  it.each([
    ["no key", {}, "API_KEY_MISSING", "no key"],
    ["a malformed key", { authorization: "Bearer what" }, "API_KEY_NOT_VALID", "malformed key"],
    ["an unknown key", { "modelyard-api-key": mintKey("nobody12").text }, "API_KEY_NOT_VALID", "unknown key"],
    ["an expired key", { "modelyard-api-key": expired.text }, "API_KEY_EXPIRED", "expired key"],
    ["a key of another namespace", { "modelyard-api-key": team.text }, "NAMESPACE_NOT_ALLOWED", "key of another namespace"],
  ] as const)("refuses %s and records who it was", (_, fields, reason, why) => {
    const gate = gateOf();
    expect(gate.authorize(request(fields))).toMatchObject({ kind: "refused", error: { reason } });
    expect(gate.records()).toMatchObject([{ face: "metrics", remote: "10.0.0.1", path: "/metrics", reason, why }]);
  });

  it("records what is answered when all answers are, and clients that TLS refused", () => {
    const gate = gateOf("all");
    gate.authorize(request({ "modelyard-api-key": scraper.text }));
    gate.authorize({ kind: "handshake", remote: "10.0.0.2", why: "no client certificate" });
    expect(gate.records()).toMatchObject([
      { status: 200, code: "OK", keyId: "scraper1" },
      { protocol: "tls", face: "metrics", remote: "10.0.0.2", why: "no client certificate" },
    ]);
  });
});
