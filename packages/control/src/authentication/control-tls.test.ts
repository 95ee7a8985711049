/** The control port over TLS: what connections are made with, and which certificates of clients open it. */
import { createConnection } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { namespaceKind } from "@modelyard/api";
import { seededRandom, systemClock } from "@modelyard/core";
import { httpResourceClient, type ResourceClient, type ServerTrust, trustingFetch } from "@modelyard/resources";
import { createTlsContext, type TlsContext, type TlsOptions } from "@modelyard/wire";
import { type TestCertificate, testAuthority } from "@modelyard/wire/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Answered, type Asked, ask, type GuardedControl, guardedControl, guardKeys } from "../testing/guarded-control.ts";

const authority = testAuthority();
const { certificate: ca } = authority;
const client = authority.issue({ commonName: "operator" });
const stranger = testAuthority("Another CA").issue({ commonName: "stranger" });
const late = authority.issue({ commonName: "late", validForMs: -1_000 });
const services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";

let guarded: GuardedControl;

afterEach(() => guarded.close());

function serverTls(options: Partial<TlsOptions> = {}, commonName = "server"): TlsOptions {
  const { certificate, key } = authority.issue({ commonName, addresses: ["127.0.0.1"] });
  return { certificate, key, ...options };
}

async function start(context: TlsContext, clientCertificates = false): Promise<void> {
  guarded = await guardedControl({ tls: context, clientCertificates });
}

const shown = (certificate: TestCertificate): Asked => ({ cert: certificate.certificate, key: certificate.key });
const get = (path: string, options: Asked = {}): Promise<Answered> => ask(guarded.running.control.url + path, { ca, ...options });
const bearer = (text: string): NonNullable<Asked["headers"]> => ({ authorization: `Bearer ${text}` });

async function connected(): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    port: Number(new URL(guarded.running.control.url).port),
    ca,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
}

describe("control over TLS", () => {
  test("answers to keys at an https:// address, and speaks HTTP/1.1 to clients that could do more", async () => {
    guarded = await guardedControl({ tls: createTlsContext(serverTls()), accessLog: "all" });
    expect(guarded.running.control.url).toMatch(/^https:/);
    const { status, body } = await get(services, { headers: bearer(guardKeys.admin.text) });
    expect(status).toBe(200);
    await vi.waitFor(() => expect(guarded.lines()).toHaveLength(1));
    const [{ bytesIn, bytesOut } = {}] = guarded.lines();
    expect([Number(bytesIn) > services.length, Number(bytesOut) > body.length]).toEqual([true, true]);
    expect((await get(services)).status).toBe(401);
    const socket = await connected();
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  test("has no answer in cleartext", async () => {
    await start(createTlsContext(serverTls()));
    await expect(ask(guarded.running.control.url.replace("https:", "http:"))).rejects.toThrow();
  });

  test("takes a certificate that verifies for every namespace and role, when certificates count", async () => {
    await start(createTlsContext(serverTls({ clientCa: ca, clientAuth: "optional" })), true);
    for (const path of [services, "/api/v1/secrets", "/"]) expect([path, (await get(path, shown(client))).status]).toEqual([path, 200]);
    expect((await get(services)).status).toBe(401);
    await vi.waitFor(() => expect(guarded.lines()).toMatchObject([{ status: 401, why: "no key" }]));
  });

  test("takes a certificate for nobody when certificates do not count", async () => {
    await start(createTlsContext(serverTls({ clientCa: ca, clientAuth: "optional" })), false);
    expect((await get(services, shown(client))).status).toBe(401);
  });

  test("judges a key that is sent although there is a certificate, and the log names both", async () => {
    await start(createTlsContext(serverTls({ clientCa: ca })), true);
    const headers = bearer(guardKeys.admin.text.replace(/.$/, "x"));
    expect((await get(services, { ...shown(client), headers })).status).toBe(401);
    await vi.waitFor(() => expect(guarded.lines()).toMatchObject([{ why: "wrong key", keyId: "adminkey1", certificate: "operator" }]));
  });

  test("refuses pages of another site that a browser with a certificate shows it", async () => {
    await start(createTlsContext(serverTls({ clientCa: ca })), true);
    const { host } = new URL(guarded.running.control.url);
    expect((await get("/", { ...shown(client), headers: { origin: `https://${host}` } })).status).toBe(200);
    expect((await get("/", { ...shown(client), headers: { origin: "https://elsewhere.example" } })).status).toBe(403);
    await vi.waitFor(() => expect(guarded.lines()).toMatchObject([{ reason: "API_ORIGIN_REFUSED", certificate: "operator" }]));
  });

  test.each([
    ["of another issuer", stranger, { why: "client certificate: UNABLE_TO_VERIFY_LEAF_SIGNATURE", certificate: "stranger" }],
    ["that has expired", late, { why: "client certificate: CERT_HAS_EXPIRED", certificate: "late" }],
    ["that is missing", undefined, { why: "no client certificate" }],
  ] as const)("has no connection for a certificate %s where one is required, and logs who tried", async (_name, certificate, told) => {
    await start(createTlsContext(serverTls({ clientCa: ca, clientAuth: "required" })), true);
    await expect(get("/livez", certificate ? shown(certificate) : {})).rejects.toThrow();
    await vi.waitFor(() =>
      expect(guarded.lines()).toMatchObject([{ face: "control", protocol: "tls", remote: "127.0.0.1", code: "UNAUTHENTICATED", ...told }]),
    );
    expect((await get(services, shown(client))).status).toBe(200);
  });

  test("shows another certificate to new connections without losing one", async () => {
    const context = createTlsContext(serverTls());
    await start(context);
    const before = await connected();
    context.replace(serverTls({}, "second"));
    const after = await connected();
    expect([before, after].map((socket) => socket.getPeerCertificate().subject.CN)).toEqual(["server", "second"]);
    const answer = new Promise<string>((resolve) => before.once("data", (chunk: Buffer) => resolve(chunk.toString())));
    before.write("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of [before, after]) socket.destroy();
  });

  test("closes although a connection stands in its handshake", async () => {
    await start(createTlsContext(serverTls()));
    const socket = createConnection(Number(new URL(guarded.running.control.url).port), "127.0.0.1");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    await guarded.running.control.close();
    await closed;
  });
});

describe("our client over TLS", () => {
  const system = guardKeys.system.text;

  function clientOf(trust: ServerTrust): ResourceClient {
    const { url } = guarded.running.control;
    const deps = { clock: systemClock(), random: seededRandom(1) };
    return httpResourceClient({ url, ...deps, headers: bearer(system), fetch: trustingFetch(trust) });
  }

  test("trusts the certificate it was given, without its issuer", async () => {
    const tls = serverTls();
    await start(createTlsContext(tls));
    const trusting = clientOf({ certificateAuthority: tls.certificate.toString() });
    await trusting.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name: "made" } });
    const seen: string[] = [];
    for await (const { object } of trusting.watch(namespaceKind)) {
      seen.push(object.metadata.name);
      if (seen.includes("made")) break;
    }
    await trusting.delete(namespaceKind, { name: "made" });
    await expect(trusting.get(namespaceKind, { name: "made" })).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
  });

  test("asks for the name that is in the certificate", async () => {
    const issued = authority.issue({ commonName: "elsewhere", dnsNames: ["models.example"] });
    await start(createTlsContext(issued));
    const certificateAuthority = issued.certificate;
    await expect(clientOf({ certificateAuthority }).list(namespaceKind)).rejects.toMatchObject({ reason: "API_UNREACHABLE" });
    expect((await clientOf({ certificateAuthority, serverName: "models.example" }).list(namespaceKind)).items).not.toEqual([]);
  });

  test("is refused a server of another certificate", async () => {
    await start(createTlsContext(serverTls()));
    await expect(clientOf({ certificateAuthority: stranger.certificate }).list(namespaceKind)).rejects.toMatchObject({
      reason: "API_UNREACHABLE",
    });
  });

  test("shows its certificate", async () => {
    await start(createTlsContext(serverTls({ clientCa: ca })), true);
    expect((await clientOf({ certificateAuthority: ca, client }).list(namespaceKind)).items).not.toEqual([]);
    await expect(clientOf({ certificateAuthority: ca }).list(namespaceKind)).rejects.toMatchObject({ reason: "API_UNREACHABLE" });
  });
});
