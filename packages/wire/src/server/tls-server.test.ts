import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { silentLog, systemClock } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { BufferPool } from "../socket/buffer-pool.ts";
import { FlushQueue } from "../socket/flush-queue.ts";
import { Outbox } from "../socket/outbox.ts";
import { type CertificateInit, testAuthority } from "../testing/certificates.ts";
import { echo, startServer, type TestServer } from "../testing/echo-server.ts";
import { findH2spec, runH2spec } from "../testing/h2spec.ts";
import { clientPreface, framesOf, getBlock, rawFrame } from "../testing/raw-frames.ts";
import type { FailedHandshake } from "./tls-acceptor.ts";
import { createTlsContext, type TlsContext, type TlsOptions } from "./tls-context.ts";
import { createWireServer } from "./wire-server.ts";

const authority = testAuthority();
const serverInit: CertificateInit = { commonName: "server", dnsNames: ["localhost"], addresses: ["127.0.0.1"] };
const serverCertificate = authority.issue(serverInit);
const ca = authority.certificate;
const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

function serverTls(options: Partial<TlsOptions> = {}): TlsContext {
  return createTlsContext({ ...serverCertificate, ...options });
}

/** Answers with what TLS told of the connection. */
const whoAmI: RequestHandler = (exchange) => {
  const { protocol, tls } = exchange.connection;
  exchange.respond({ head: responseHead(200), body: JSON.stringify({ protocol, ...tls }) });
  return noBody;
};

interface Https {
  readonly status: number | undefined;
  readonly body: string;
}

/** One HTTP/1.1 request on a connection of its own. */
function get(running: TestServer, options: ConnectionOptions = {}, body = ""): Promise<Https> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(running.url, { method: "POST", ca, agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function identify(running: TestServer, options: ConnectionOptions = {}): Promise<unknown> {
  return JSON.parse((await get(running, options)).body);
}

/** A TLS connection that is up. */
function connected(running: TestServer, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port: running.port, ca, ...options }, () => resolve(socket));
    socket.on("error", reject);
  });
}

describe("TLS server", () => {
  test("speaks HTTP/2 with the client of node:http2", async () => {
    await using running = await startServer(echo, { tls: serverTls() });
    const session = connectHttp2(running.url, { ca });
    const stream = session.request({ ":method": "POST", ":path": "/" });
    const body = Buffer.alloc(3 * 1024 * 1024, "0123456789");
    stream.end(body);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer); // A stream without encoding gives buffers.
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    session.destroy();
  });

  test("speaks HTTP/1.1 with the client of node:https, and passes large bodies both ways", async () => {
    await using running = await startServer(echo, { tls: serverTls() });
    const body = "0123456789".repeat(300_000);
    expect(await get(running, {}, body)).toEqual({ status: 200, body });
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("takes %s", async (version) => {
    await using running = await startServer(whoAmI, { tls: serverTls() });
    expect(await identify(running, { minVersion: version, maxVersion: version })).toMatchObject({ protocol: version });
  });

  test("refuses TLS 1.1, and counts it", async () => {
    await using running = await startServer(whoAmI, { tls: serverTls() });
    const old: ConnectionOptions = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    await expect(get(running, old)).rejects.toThrow();
    await expect.poll(() => running.server.failedHandshakes).toBe(1);
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("does what ALPN agreed on, and lets the first bytes decide where a client offers nothing", async () => {
    await using running = await startServer(whoAmI, { tls: serverTls() });
    expect((await connected(running, { ALPNProtocols: ["h2", "http/1.1"] })).alpnProtocol).toBe("h2");
    expect((await connected(running, { ALPNProtocols: ["http/1.1"] })).alpnProtocol).toBe("http/1.1");
    await expect(connected(running, { ALPNProtocols: ["spdy/1"] })).rejects.toThrow();
    const socket = await connected(running);
    expect(socket.alpnProtocol).toBe(false);
    socket.write(Buffer.concat([clientPreface, rawFrame(1, 5, 1, getBlock)]));
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    await expect.poll(() => framesOf(received).some(({ type, streamId }) => type === 1 && streamId === 1)).toBe(true);
    socket.destroy();
  });

  test("closes a connection that agreed on h2 and does not begin with its preface", async () => {
    await using running = await startServer(whoAmI, { tls: serverTls() });
    const socket = await connected(running, { ALPNProtocols: ["h2"] });
    socket.resume().write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await new Promise((resolve) => socket.on("close", resolve));
    expect(running.server.inFlight).toBe(0);
  });

  test("serves sockets that another process accepted and paused", async () => {
    const server = createWireServer({ clock: systemClock(), log: silentLog(), tls: serverTls() }, echo);
    const listener = createTcpServer({ pauseOnConnect: true }, (socket) => server.accept(socket));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const bound = listener.address();
    const port = typeof bound === "object" && bound ? bound.port : 0;
    const running: TestServer = {
      server,
      address: { host: "127.0.0.1", port },
      port,
      url: `https://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: () => server.close(),
    };
    expect((await get(running, {}, "handed over")).body).toBe("handed over");
    await server.close();
    await expect.poll(() => server.connectionCount).toBe(0);
    listener.close();
  });

  test("drain tells HTTP/2 clients to go away, lets their requests finish and ends", async () => {
    const held: Exchange[] = [];
    await using running = await startServer(
      (exchange) => {
        held.push(exchange);
        return noBody;
      },
      { tls: serverTls() },
    );
    const session = connectHttp2(running.url, { ca });
    const goAway = new Promise((resolve) => session.on("goaway", resolve));
    const stream = session.request({ ":path": "/" });
    await expect.poll(() => held.length).toBe(1);
    const drained = running.server.drain(10_000);
    await goAway;
    held[0]?.respond({ head: responseHead(200), body: "the last" });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer); // A stream without encoding gives buffers.
    expect(Buffer.concat(chunks).toString()).toBe("the last");
    await drained;
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("a client that ends its side with close_notify still gets its answer", async () => {
    await using running = await startServer(echo, { tls: serverTls() });
    const socket = await connected(running);
    socket.allowHalfOpen = true;
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.end("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nlast");
    await new Promise((resolve) => socket.on("close", resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*last$/);
  });

  test("closing ends connections and handshakes under way", async () => {
    await using running = await startServer(echo, { tls: serverTls() });
    const silent = connectTcp(running.port, "127.0.0.1");
    const closed = new Promise((resolve) => silent.on("close", resolve));
    silent.on("error", () => {});
    await connected(running);
    await expect.poll(() => running.server.connectionCount).toBe(2);
    await running.server.close();
    await closed;
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });
});

describe("TLS server and handshakes that do not succeed", () => {
  test("a client that is slow, byte by byte, is cut off after the time limit and counts as a connection until then", async () => {
    await using running = await startServer(echo, { tls: serverTls(), limits: { handshakeTimeoutMs: 100, maxConnections: 1 } });
    const slow = connectTcp(running.port, "127.0.0.1");
    const hello = Buffer.from("160301020001000200", "hex");
    let sent = 0;
    const drip = setInterval(() => slow.write(hello.subarray(sent, ++sent)), 20);
    slow.on("error", () => {}).resume();
    await expect.poll(() => running.server.connectionCount).toBe(1);
    await expect(get(running)).rejects.toThrow();
    await new Promise((resolve) => slow.on("close", resolve));
    clearInterval(drip);
    await expect.poll(() => [running.server.connectionCount, running.server.failedHandshakes]).toEqual([0, 1]);
    expect((await get(running, {}, "next")).body).toBe("next");
  });

  test.each([
    ["HTTP in cleartext", (socket: Socket) => socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
    ["random bytes", (socket: Socket) => socket.write(Buffer.from("a9".repeat(400), "hex"))],
    ["nothing, then the end", (socket: Socket) => socket.end()],
    ["a reset", (socket: Socket) => socket.write("\x16\x03", () => socket.resetAndDestroy())],
  ])("%s cost a socket and are counted", async (_, send) => {
    await using running = await startServer(echo, { tls: serverTls() });
    const socket = connectTcp(running.port, "127.0.0.1", () => send(socket));
    socket.on("error", () => {}).resume();
    await expect.poll(() => [running.server.failedHandshakes, running.server.connectionCount]).toEqual([1, 0]);
    expect((await get(running, {}, "fine")).body).toBe("fine");
  });
});

describe("TLS server and client certificates", () => {
  const client = authority.issue({ commonName: "loader", dnsNames: ["loader.example"], uris: ["spiffe://example/loader, DNS:admin"] });
  const credentials = { cert: client.certificate, key: client.key };
  const foreign = testAuthority("Another CA").issue({ commonName: "loader" });
  const expired = authority.issue({ commonName: "loader", validForMs: -1_000 });

  test("tells who a verified client is", async () => {
    await using running = await startServer(whoAmI, { tls: serverTls({ clientCa: ca }) });
    expect(await identify(running, credentials)).toMatchObject({
      authorized: true,
      subject: "loader",
      subjectAltNames: ["DNS:loader.example", "URI:spiffe://example/loader, DNS:admin"],
      fingerprint256: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    });
  });

  test.each(["required", "optional"] as const)(
    "refuses certificates of a foreign issuer and expired ones when they are %s",
    async (clientAuth) => {
      const reasons: string[] = [];
      const onFailedHandshake = ({ remoteAddress, why }: FailedHandshake): void => void reasons.push(`${remoteAddress} ${why}`);
      await using running = await startServer(whoAmI, { tls: serverTls({ clientCa: ca, clientAuth }), onFailedHandshake });
      await expect(get(running, { cert: foreign.certificate, key: foreign.key })).rejects.toThrow();
      await expect(get(running, { cert: expired.certificate, key: expired.key })).rejects.toThrow();
      await expect.poll(() => running.server.failedHandshakes).toBe(2);
      const why = ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_HAS_EXPIRED"];
      expect(reasons).toEqual(why.map((code) => `127.0.0.1 client certificate: ${code}`));
      expect(await identify(running, credentials)).toMatchObject({ authorized: true });
    },
  );

  test("a client without a certificate is refused when one is required, and is nobody when it is optional", async () => {
    await using strict = await startServer(whoAmI, { tls: serverTls({ clientCa: ca }) });
    await expect(get(strict)).rejects.toThrow();
    await using lenient = await startServer(whoAmI, { tls: serverTls({ clientCa: ca, clientAuth: "optional" }) });
    expect(await identify(lenient)).toEqual({ protocol: expect.any(String), authorized: false, subjectAltNames: [] });
  });

  test("a certificate nobody asked for makes no one", async () => {
    await using running = await startServer(whoAmI, { tls: serverTls() });
    expect(await identify(running, credentials)).toMatchObject({ authorized: false });
  });
});

describe("TLS server whose certificate is replaced", () => {
  test("shows the new one to new connections and goes on with the old ones", async () => {
    const tls = serverTls();
    await using running = await startServer(echo, { tls });
    const session = connectHttp2(running.url, { ca });
    const ask = async (body: string): Promise<string> => {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      stream.end(body);
      let answer = "";
      for await (const chunk of stream) answer += String(chunk);
      return answer;
    };
    expect(await ask("before")).toBe("before");
    tls.replace(authority.issue({ ...serverInit, commonName: "successor" }));
    expect(await ask("after")).toBe("after");
    const socket = await connected(running);
    expect(socket.getPeerCertificate().subject.CN).toBe("successor");
    session.destroy();
    socket.destroy();
  });

  test("a client CA that is taken away counts at once, also for a client that would resume its session", async () => {
    const client = authority.issue({ commonName: "loader" });
    const credentials = { cert: client.certificate, key: client.key, maxVersion: "TLSv1.2" } as const;
    const tls = serverTls({ clientCa: ca });
    await using running = await startServer(echo, { tls });
    const socket = await connected(running, credentials);
    const session = socket.getSession();
    expect(session).toBeDefined();
    socket.destroy();
    tls.replace({ ...serverCertificate, clientCa: testAuthority("Another CA").certificate });
    await expect(get(running, { ...credentials, ...(session ? { session } : {}) })).rejects.toThrow();
  });
});

describe("TLS server and its writes", () => {
  test("the output buffer is given back once it is written, so that an idle connection holds none", async () => {
    await using running = await startServer(echo, { tls: serverTls() });
    const pool = new BufferPool();
    const socket = await connected(running);
    const outbox = new Outbox(socket, { pool, queue: new FlushQueue() });
    const { buffer } = outbox;
    outbox.appendText("GET / HTTP/1.1\r\n");
    await expect.poll(() => pool.take() === buffer).toBe(true);
    socket.destroy();
  });

  test("answers to requests that arrive in one read leave in one record", async () => {
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: responseHead(200), body: "small" });
        return noBody;
      },
      { tls: serverTls(), clock: fakeClock() },
    );
    await using relay = await startRelay(running.port);
    const socket = await connected({ ...running, port: relay.port }, { ALPNProtocols: ["h2"] });
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    socket.write(clientPreface);
    await expect.poll(() => framesOf(received).some(({ type, flags }) => type === 4 && flags === 1)).toBe(true);
    relay.hold();
    for (let index = 0; index < 10; index++) {
      await new Promise((resolve) => socket.write(rawFrame(1, 5, 2 * index + 1, getBlock), resolve));
    }
    await expect.poll(() => relay.heldRecords()).toBe(10);
    const before = relay.answeredRecords();
    relay.release();
    await expect.poll(() => framesOf(received).filter(({ type }) => type === 0).length).toBe(10);
    expect(relay.answeredRecords() - before).toBe(1);
    socket.destroy();
  });
});

interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Keeps back what the client sends. */
  hold(): void;
  /** Passes on in one write what was kept back. */
  release(): void;
  heldRecords(): number;
  /** Records of the server so far. */
  answeredRecords(): number;
}

/** Passes bytes on between a client and a server on loopback, and counts TLS records. */
async function startRelay(serverPort: number): Promise<Relay> {
  let held: Buffer | undefined;
  let answered: Buffer = Buffer.alloc(0);
  const upstream = connectTcp({ port: serverPort, host: "127.0.0.1", noDelay: true });
  const listener = createTcpServer((client) => {
    client.on("data", (chunk: Buffer) => {
      if (held) held = Buffer.concat([held, chunk]);
      else upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      answered = Buffer.concat([answered, chunk]);
      client.write(chunk);
    });
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const bound = listener.address();
  return {
    port: typeof bound === "object" && bound ? bound.port : 0,
    hold: () => (held = Buffer.alloc(0)),
    release() {
      if (held) upstream.write(held);
      held = undefined;
    },
    heldRecords: () => recordsIn(held ?? Buffer.alloc(0)),
    answeredRecords: () => recordsIn(answered),
    [Symbol.asyncDispose]: async () => {
      listener.close();
    },
  };
}

/** Whole TLS records (RFC 8446 §5.1). */
function recordsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; bytes.length - at >= 5; count++) {
    at += 5 + bytes.readUInt16BE(at + 3);
    if (at > bytes.length) break;
  }
  return count;
}

const program = await findH2spec();
const skipped = program === undefined ? " (h2spec is not installed: node tools/install-go-tools.ts)" : "";

describe.skipIf(program === undefined)(`h2spec over TLS${skipped}`, () => {
  test("every case of generic, hpack and http2, strict ones included, passes", { timeout: 120_000 }, async () => {
    await using running = await startServer(
      (exchange) => ({ ...noBody, onEnd: () => exchange.respond({ head: responseHead(200), body: "an answer of some bytes" }) }),
      { tls: serverTls() },
    );
    const report = await runH2spec(program ?? "", { host: "127.0.0.1", port: running.port, isTls: true });
    expect(report.failures).toEqual([]);
    expect(report.total).toBeGreaterThanOrEqual(145);
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });
});
