import { describe, expect, test } from "vitest";
import type { RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import { startServer } from "../testing/echo-server.ts";
import { findH2spec, parseReport, runH2spec } from "../testing/h2spec.ts";

const program = await findH2spec();
const skipped = program === undefined ? " (h2spec is not installed: node tools/install-go-tools.ts)" : "";

const answer: RequestHandler = (exchange) =>
  wholeBody(1024 * 1024, {
    onBody: () =>
      exchange.respond({ head: responseHead(200, [["content-type", "text/plain"]]), body: `answer to ${exchange.head.method}` }),
    onTooLarge: () => exchange.respond({ head: responseHead(413) }),
  });

describe.skipIf(program === undefined)(`h2spec${skipped}`, () => {
  test("every case of generic, hpack and http2, strict ones included, passes over cleartext", { timeout: 120_000 }, async () => {
    await using running = await startServer(answer);
    const report = await runH2spec(program ?? "", { host: "127.0.0.1", port: running.port });
    expect(report.failures).toEqual([]);
    expect(report.total).toBeGreaterThanOrEqual(145);
    await expect.poll(() => running.server.inFlight).toBe(0);
  });
});

test("the report of h2spec is read with its failures", () => {
  const xml = `<testsuite name="x">
    <testcase package="http2/5.1" classname="Sends &#34;a&#34; &amp; b" time="0.1"></testcase>
    <testcase package="hpack/2.3" classname="c" time="0.1"><failure>Expect: &lt;GOAWAY&gt;</failure></testcase></testsuite>`;
  expect(parseReport(xml)).toEqual({
    total: 2,
    bySuite: { http2: 1, hpack: 1 },
    failures: [{ section: "hpack/2.3", title: "c", problem: "Expect: <GOAWAY>" }],
  });
});
