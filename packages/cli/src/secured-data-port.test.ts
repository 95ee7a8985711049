import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { mintKey } from "@modelyard/core/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startServer, type TestServer } from "./testing/running-server.ts";
import { askSecurely, issueKey, type SecureAnswer, tlsFolder } from "./testing/secured.ts";

const authenticated = ["--authentication", "required"];

function accessLog({ ready }: TestServer): readonly Record<string, unknown>[] {
  const text = readFileSync(join(ready.dataDir, "logs", "access-serving-0.log"), "utf8").trim();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the data port of a server with TLS and authentication", () => {
  it("is at an https address, asks for a key, and has told the access log of every request when it has ended", async () => {
    const tls = tlsFolder();
    const server = await startServer(undefined, [...tls.args, ...authenticated, "--access-log", "all"]);
    expect(server.ready.data).toMatch(/^https:/);
    const key = mintKey("visitor1");
    await issueKey(server.ready, tls.authority.certificate, key);
    const ask = (headers: Readonly<Record<string, string>>): Promise<SecureAnswer> =>
      askSecurely(`${server.ready.data}/v2`, { ca: tls.authority.certificate, headers });
    await vi.waitFor(async () => expect((await ask({ authorization: `Bearer ${key.text}` })).status).toBe(200), 10_000);
    expect((await ask({})).status).toBe(401);
    expect((await ask({ "modelyard-api-key": "myk_wrong" })).status).toBe(401);
    expect(await server.stop()).toBe(0);
    expect(accessLog(server)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ status: 200, path: "/v2", keyId: "visitor1" }),
        expect.objectContaining({ status: 401, why: "no key", remote: "127.0.0.1" }),
        expect.objectContaining({ status: 401, why: "malformed key" }),
      ]),
    );
  }, 60_000);

  it("tells the access log who was refused for a certificate, and lets in who has one of the client CA", async () => {
    const tls = tlsFolder();
    const required = ["--tls-client-ca", tls.files.ca, "--client-certificates", "required"];
    const server = await startServer(undefined, [...tls.args, ...required]);
    const ca = tls.authority.certificate;
    const foreign = tlsFolder().authority.issue({ commonName: "stranger" });
    const url = `${server.ready.data}/v2`;
    await expect(askSecurely(url, { ca })).rejects.toThrow();
    await expect(askSecurely(url, { ca, client: foreign })).rejects.toThrow();
    const client = tls.authority.issue({ commonName: "batch job" });
    expect((await askSecurely(url, { ca, client })).status).toBe(200);
    expect(await server.stop()).toBe(0);
    expect(accessLog(server)).toMatchObject([
      { protocol: "tls", why: "no client certificate", remote: "127.0.0.1" },
      { protocol: "tls", why: expect.stringContaining("client certificate"), certificate: "stranger" },
    ]);
  }, 60_000);

  it("takes a certificate whose files were replaced, and keeps the connections that stand", async () => {
    const tls = tlsFolder();
    const server = await startServer(undefined, tls.args);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: tls.authority.certificate });
    onTestFinished(() => agent.destroy());
    const url = `${server.ready.data}/v2/health/live`;
    expect((await askSecurely(url, { agent })).status).toBe(200);
    const [standing] = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
    tls.replace("second");
    const subjectNow = async (): Promise<string> => {
      const probe = new Agent({ ca: tls.authority.certificate, maxCachedSessions: 0, keepAlive: true });
      await askSecurely(url, { agent: probe });
      const [socket] = Object.values(probe.freeSockets).flatMap((sockets) => sockets ?? []);
      const subject =
        socket && "getPeerCertificate" in socket ? String((socket as import("node:tls").TLSSocket).getPeerCertificate().subject.CN) : "";
      probe.destroy();
      return subject;
    };
    await vi.waitFor(async () => expect(await subjectNow()).toBe("second"), { timeout: 20_000, interval: 200 });
    expect((await askSecurely(url, { agent })).status).toBe(200);
    expect(Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])).toEqual([standing]);
  }, 60_000);

  it("goes on without a failed request while its processes are replaced", async () => {
    const tls = tlsFolder();
    const server = await startServer(undefined, tls.args);
    const agent = new Agent({ keepAlive: true, maxSockets: 4, ca: tls.authority.certificate });
    onTestFinished(() => agent.destroy());
    let [isOver, answered] = [false, 0];
    const sending = Array.from({ length: 4 }, async () => {
      for (; !isOver; answered++) expect((await askSecurely(`${server.ready.data}/v2/health/live`, { agent })).status).toBe(200);
    });
    process.kill(server.ready.pids.supervisor, "SIGHUP");
    const log = (): string => readFileSync(join(server.ready.dataDir, "logs", "supervisor.log"), "utf8");
    await vi.waitFor(() => expect(log()).toContain("every serving process was replaced"), { timeout: 30_000 });
    isOver = true;
    await Promise.all(sending);
    expect(answered).toBeGreaterThan(50);
    expect(await server.stop()).toBe(0);
  }, 60_000);

  it("answers the pages of an origin that is listed, and no others", async () => {
    const server = await startServer(undefined, ["--cors-origins", "https://app.example"]);
    const allowed = async (origin: string): Promise<string | null> =>
      (await fetch(`${server.ready.data}/v2/health/live`, { headers: { origin } })).headers.get("access-control-allow-origin");
    expect(await allowed("https://app.example")).toBe("https://app.example");
    expect(await allowed("https://other.example")).toBeNull();
  }, 60_000);
});
