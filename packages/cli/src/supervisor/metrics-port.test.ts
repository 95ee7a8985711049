import { request } from "node:http";
import { failure, silentLog, systemClock } from "@modelyard/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { type MetricsAccess, type MetricsPort, type MetricsPortOptions, openMetricsPort } from "./metrics-port.ts";
import type { Scrape, ScrapeVerdict } from "./scrape.ts";

async function opened(collect: MetricsPortOptions["collect"] = async () => [], access: Partial<MetricsAccess> = {}): Promise<MetricsPort> {
  const port = await openMetricsPort({ address: "127.0.0.1", port: 0, ...access, collect, clock: systemClock(), log: silentLog() });
  onTestFinished(() => port.close());
  return port;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
  { url }: MetricsPort,
  { method = "GET", path = "/metrics", headers = {} }: { method?: string; path?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method, headers }, (answer) => {
      let body = "";
      answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
    asked.once("error", reject);
    asked.end();
  });
}

describe("the metrics port", () => {
  it("answers GET /metrics with the samples, in the text format of Prometheus", async () => {
    const port = await opened(async () => [{ name: "process_open_fds", labels: { process: "a" }, kind: "gauge", value: 3 }]);
    expect(await ask(port, { path: "/metrics?name[]=x" })).toMatchObject({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      body: '# HELP process_open_fds Open file descriptors of the process\n# TYPE process_open_fds gauge\nprocess_open_fds{process="a"} 3\n',
    });
  });

  it.each([
    ["another path", { path: "/" }, 404],
    ["another method", { method: "POST" }, 405],
    ["a name that only points at loopback", { headers: { host: "rebound.example:2112" } }, 403],
    ["a web page", { headers: { origin: "http://page.example" } }, 403],
    ["a web page of this machine", { headers: { origin: "http://127.0.0.1:3000" } }, 403],
  ])("refuses %s", async (_, asked, status) => {
    let collections = 0;
    const port = await opened(async () => {
      collections++;
      return [];
    });
    expect(await ask(port, asked)).toMatchObject({ status, body: expect.stringMatching(/\w+\n$/) });
    expect(collections).toBe(0);
  });

  it("answers whoever is granted, under any name, and tells others only why they are refused", async () => {
    const scrapes: Scrape[] = [];
    const verdicts: (ScrapeVerdict | undefined)[] = [
      { kind: "granted" },
      { kind: "granted" },
      { kind: "refused", error: failure("API_KEY_MISSING", {}).toPublic() },
      { kind: "refused", error: failure("NAMESPACE_NOT_ALLOWED", { namespace: "modelyard-system" }).toPublic() },
      undefined,
    ];
    const port = await opened(undefined, {
      authorize: async (scrape) => {
        scrapes.push(scrape);
        return verdicts.shift();
      },
    });
    const headers = { host: "metrics.example:2112", authorization: "Bearer myk_x", cookie: "secret" };
    expect(await ask(port, { headers })).toMatchObject({ status: 200 });
    expect(await ask(port, { path: "/" })).toMatchObject({ status: 404 });
    expect(await ask(port, { path: "/" })).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    expect(await ask(port)).toMatchObject({ status: 403, body: expect.stringContaining("modelyard-system") });
    expect(await ask(port)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    const shown = { kind: "request", remote: "127.0.0.1", method: "GET", target: "/metrics", fields: { authorization: "Bearer myk_x" } };
    expect(scrapes[0]).toEqual(shown);
  });

  it("takes another port when the one that nobody chose is in use, and says who has it otherwise", async () => {
    const { port } = new URL((await opened()).url);
    const other = await opened(undefined, { port: Number(port), mayDiffer: true });
    expect(new URL(other.url).port).not.toBe(port);
    await expect(opened(undefined, { port: Number(port) })).rejects.toMatchObject({ reason: "PORT_BUSY", details: { role: "metrics" } });
  });

  it("collects once for scrapes that come together, and anew for a later one", async () => {
    const { promise: isFinished, resolve: finish } = Promise.withResolvers<void>();
    let collections = 0;
    const port = await opened(async () => {
      collections++;
      await isFinished;
      return [];
    });
    const together = [ask(port), ask(port)];
    await expect.poll(() => collections).toBe(1);
    finish();
    expect((await Promise.all(together)).map(({ status }) => status)).toEqual([200, 200]);
    expect(collections).toBeLessThanOrEqual(2);
    const before = collections;
    await ask(port);
    expect(collections).toBe(before + 1);
  });

  it("says so when the samples cannot be collected", async () => {
    const port = await opened(() => Promise.reject(new Error("no")));
    expect(await ask(port)).toMatchObject({ status: 500 });
  });
});
