import { request } from "node:http";
import { silentLog } from "@modelyard/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { type MetricsPort, type MetricsPortOptions, openMetricsPort } from "./metrics-port.ts";

async function opened(collect: MetricsPortOptions["collect"] = async () => []): Promise<MetricsPort> {
  const port = await openMetricsPort({ address: "127.0.0.1", port: 0, collect, log: silentLog() });
  onTestFinished(() => port.close());
  return port;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
  { port }: MetricsPort,
  { method = "GET", path = "/metrics", headers = {} }: { method?: string; path?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, method, path, headers }, (answer) => {
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
