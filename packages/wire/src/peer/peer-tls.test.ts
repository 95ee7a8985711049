import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type PlatformError, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import type { RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { createTlsContext } from "../server/tls-context.ts";
import { testAuthority } from "../testing/certificates.ts";
import { echo, startServer } from "../testing/echo-server.ts";
import { type Peer, type PeerAddress, type PeerRequest, peerRequestHead } from "./contract.ts";
import type { PeerTls } from "./options.ts";
import { connectPeer } from "./peer.ts";

const authority = testAuthority();
const ca = authority.certificate;
const serverCertificate = authority.issue({ commonName: "server", dnsNames: ["peer.example"], addresses: ["127.0.0.1"] });
const client = authority.issue({ commonName: "instance-1" });
const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

function peerAt(address: PeerAddress, tls: PeerTls): Peer & AsyncDisposable {
  const peer = connectPeer({
    address,
    tls,
    clock: systemClock(),
    log: silentLog(),
    random: seededRandom(1),
    minBackoffMs: 0,
    maxBackoffMs: 0,
  });
  return Object.assign(peer, { [Symbol.asyncDispose]: () => peer.close() });
}

/** The answer's body; rejects with what the receiver is told. */
function ask(peer: Peer, request: Partial<PeerRequest> = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const receiver = {
      onHead: () => {},
      onData: (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)),
      onEnd: () => resolve(Buffer.concat(chunks)),
      onError: reject,
    };
    peer.request({ head: { method: "POST", path: "/" }, body: Buffer.from("body"), ...request }, receiver);
  });
}

const failureOf = (asked: Promise<unknown>): Promise<PlatformError> =>
  asked.then(
    () => expect.unreachable("it was answered"),
    (error: PlatformError) => error,
  );

/** Answers with the scheme of the request and the subject of the client's certificate. */
const whoAsks: RequestHandler = (exchange) => {
  exchange.respond({ head: responseHead(200), body: `${exchange.head.scheme} ${exchange.connection.tls?.subject ?? "nobody"}` });
  return noBody;
};

describe("peer over TLS", () => {
  test("asks our own server, large bodies both ways", async () => {
    await using running = await startServer(echo, { tls: createTlsContext(serverCertificate) });
    await using peer = peerAt(running.address, { ca });
    const body = Buffer.alloc(5 * 1024 * 1024, "0123456789");
    expect((await ask(peer, { body })).equals(body)).toBe(true);
  });

  test("shows its certificate, and says https unless a head says otherwise", async () => {
    await using running = await startServer(whoAsks, { tls: createTlsContext({ ...serverCertificate, clientCa: ca }) });
    await using peer = peerAt(running.address, { ca, certificate: client.certificate, key: client.key });
    const prepared = peerRequestHead({ method: "POST", path: "/", authority: "a" });
    for (let time = 0; time < 2; time++) {
      expect(String(await ask(peer))).toBe("https instance-1");
      expect(String(await ask(peer, { head: prepared }))).toBe("https instance-1");
      expect(String(await ask(peer, { head: prepared, extraFields: [["x-n", String(time)]] }))).toBe("https instance-1");
    }
    expect(String(await ask(peer, { head: { method: "POST", path: "/", scheme: "http" } }))).toBe("http instance-1");
  });

  test("asks a server of node:http2", async () => {
    const server = createSecureServer({ cert: serverCertificate.certificate, key: serverCertificate.key });
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // A TCP listener's address is an object.
    const peer = peerAt({ host: "127.0.0.1", port }, { ca });
    expect(String(await ask(peer))).toBe("body");
    await peer.close();
    server.close();
  });

  test("takes a certificate that was replaced with its next connection", async () => {
    await using running = await startServer(whoAsks, { tls: createTlsContext({ ...serverCertificate, clientCa: ca }) });
    let current = authority.issue({ commonName: "instance-1", validForMs: -1_000 });
    const tls: PeerTls = {
      ca,
      get certificate() {
        return current.certificate;
      },
      get key() {
        return current.key;
      },
    };
    await using peer = peerAt(running.address, tls);
    await failureOf(ask(peer));
    current = client;
    expect(String(await ask(peer))).toBe("https instance-1");
  });

  test.each([
    ["a certificate of a foreign issuer", { ca: testAuthority("Another CA").certificate }, /certificate/],
    ["a certificate for another name", { ca, serverName: "other.example" }, /other\.example/],
    ["a client key that is none", { ca, certificate: client.certificate, key: "no key" }, /PEM|no start line|DECODER|unsupported/],
  ])("%s fails the request as retryable, and says why", async (_, tls, why) => {
    await using running = await startServer(echo, { tls: createTlsContext(serverCertificate) });
    await using peer = peerAt(running.address, tls);
    const error = await failureOf(ask(peer));
    expect(error).toMatchObject({ reason: "PEER_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(why);
    expect(running.server.inFlight).toBe(0);
  });

  test("a certificate is compared with the name that is given, not with the address", async () => {
    await using running = await startServer(echo, { tls: createTlsContext(serverCertificate) });
    await using peer = peerAt(running.address, { ca, serverName: "peer.example" });
    expect(String(await ask(peer))).toBe("body");
  });

  test("a server that does not agree on HTTP/2 is not spoken to", async () => {
    const server = createTlsServer({ cert: serverCertificate.certificate, key: serverCertificate.key }, (socket) =>
      socket.on("error", () => {}),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // A TCP listener's address is an object.
    await using peer = peerAt({ host: "127.0.0.1", port }, { ca });
    const error = await failureOf(ask(peer));
    expect(error.reason).toBe("PEER_UNAVAILABLE");
    expect(error.message).toContain("HTTP/2");
    server.close();
  });
});
