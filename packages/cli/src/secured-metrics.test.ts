import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { mintKey } from "@modelyard/core/testing";
import { describe, expect, it, vi } from "vitest";
import { startCommand, startServer } from "./testing/running-server.ts";
import { askSecurely, issueKey, ownersKey, type SecureAnswer, tlsFolder } from "./testing/secured.ts";

const team = mintKey("teamkey1");

describe("the metrics of a server with TLS and authentication", () => {
  it("are for keys of the whole server; who is refused is told to the access log, and nobody is answered while control is away", async () => {
    const tls = tlsFolder();
    const { ready } = await startServer(undefined, [...tls.args, "--authentication", "required"]);
    await issueKey(ready, tls.authority.certificate, team);
    const owners = ownersKey(ready);
    const scrape = (key?: string): Promise<SecureAnswer> =>
      askSecurely(ready.metrics ?? "", {
        ca: tls.authority.certificate,
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      });
    await vi.waitFor(async () => expect((await scrape(owners)).status).toBe(200), 10_000);
    expect((await scrape(owners)).body).toContain('modelyard_process_up{process="serving-0"} 1');
    expect(await scrape()).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    await vi.waitFor(async () => expect((await scrape(team.text)).status).toBe(403), 10_000);
    const lines = (): string => readFileSync(join(ready.dataDir, "logs", "access-control.log"), "utf8");
    await vi.waitFor(() => expect(lines()).toMatch(/"face":"metrics".*"why":"no key"[^]*"face":"metrics".*"keyId":"teamkey1"/), 10_000);
    process.kill(ready.pids.control, "SIGKILL");
    await vi.waitFor(async () => expect(await scrape(owners)).toMatchObject({ status: 503, headers: { "retry-after": "1" } }), {
      timeout: 5_000,
      interval: 5,
    });
    await vi.waitFor(async () => expect((await scrape(owners)).status).toBe(200), 20_000);
  }, 60_000);

  it("are also those of `modelyard serve`, which judges keys itself", async () => {
    const tls = tlsFolder();
    const secured = [...tls.args, "--authentication", "required"];
    const { ready } = await startServer(undefined, secured);
    const { child } = startCommand(["serve", "--data", ready.dataDir, "--port", "0", "--metrics-port", "0", ...secured]);
    const [line] = await once(createInterface({ input: child.stdout ?? process.stdin }), "line");
    const { data, metrics } = JSON.parse(String(line).replace("modelyard serving ", ""));
    const ask = (url: string, headers: Readonly<Record<string, string>>): Promise<SecureAnswer> =>
      askSecurely(url, { ca: tls.authority.certificate, headers });
    const key = { "modelyard-api-key": ownersKey(ready) };
    await vi.waitFor(async () => expect((await ask(metrics, key)).status).toBe(200), 10_000);
    expect((await ask(metrics, key)).body).toMatch(/^process_resident_memory_bytes\{process="serving"\} \d+$/m);
    expect((await ask(metrics, {})).status).toBe(401);
    expect((await ask(`${data}/v2`, key)).status).toBe(200);
    child.kill("SIGTERM");
    await once(child, "exit");
    const log = readFileSync(join(ready.dataDir, "logs", `access-serving-${child.pid}.log`), "utf8");
    expect(log).toMatch(/"face":"metrics".*"why":"no key"/);
  }, 60_000);
});
