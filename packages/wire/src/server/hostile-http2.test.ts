/** Clients of HTTP/2 that are after the server: what they send is legal, or nearly, and must cost them more than us. */
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { responseHead, trailers } from "../message/response-head.ts";
import { echo, startServer } from "../testing/echo-server.ts";
import { rawClient } from "../testing/raw-client.ts";
import { getBlock, type ReceivedFrame, rawFrame } from "../testing/raw-frames.ts";

const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
const postBlock = Buffer.from([0x83, 0x86, 0x84]);

describe("HTTP/2 server and blocks that repeat in another role", () => {
  test("trailers whose bytes come again as a request are a malformed request, not a crash", async () => {
    await using running = await startServer((exchange) => (exchange.head.fields.length < 9 ? echo(exchange) : noBody));
    // x: y, a literal that is not indexed, so that the block is remembered.
    const block = Buffer.from("\0\x01x\x01y", "latin1");
    using client = rawClient(running.port, [rawFrame(1, 4, 1, postBlock), rawFrame(1, 5, 1, block), rawFrame(1, 5, 3, block)]);
    const resets = (): readonly number[] => client.frames().flatMap((one) => (one.type === 3 ? [one.streamId] : []));
    await expect.poll(resets).toEqual([3]);
    client.socket.write(rawFrame(1, 5, 5, postBlock));
    await expect.poll(() => client.frames().some((one) => one.type === 1 && one.streamId === 5)).toBe(true);
  });
});

describe("HTTP/2 server and a client that does not take its answers", () => {
  test("nothing follows the reset of a stream whose answer exceeds the limit on output", async () => {
    const body = new Uint8Array(2 * 1024 * 1024);
    await using running = await startServer(
      (exchange) => {
        if (exchange.head.path === "/") exchange.respond({ head: responseHead(200), body, trailers: trailers([["x", "y"]]) });
        return noBody;
      },
      { limits: { maxOutputBytes: 1024 * 1024 } },
    );
    using client = rawClient(running.port, [rawFrame(1, 5, 1, getBlock), rawFrame(1, 5, 3, getBlock), rawFrame(6, 0, 0, Buffer.alloc(8))]);
    const isPong = ({ type, flags }: ReceivedFrame): boolean => type === 6 && flags === 1;
    await expect.poll(() => client.frames().some(isPong)).toBe(true);
    const types = client
      .frames()
      .filter((one) => one.streamId === 3)
      .map((one) => one.type);
    expect(types).toEqual([1, 3]);
    expect(running.server.inFlight).toBe(1);
  });

  test("a flood of window sizes for many streams that cannot go on costs little", { timeout: 5_000 }, async () => {
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: responseHead(200), body: new Uint8Array(100_000) });
        return noBody;
      },
      { limits: { maxOutputBytes: 2 ** 30 } },
    );
    const requests = Array.from({ length: 1_000 }, (_, index) => rawFrame(1, 5, 2 * index + 1, getBlock));
    const settings = Array.from({ length: 1_000 }, (_, index) => rawFrame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, index % 2])));
    using client = rawClient(running.port, [...requests, ...settings, rawFrame(6, 0, 0, Buffer.alloc(8))]);
    await expect.poll(() => client.frames().some(({ type, flags }) => type === 6 && flags === 1), { timeout: 4_500 }).toBe(true);
  });
});

describe("HTTP/2 server and a client that gives up", () => {
  test("calls that all reach their deadline at once do not cost it the connection", async () => {
    const clock = fakeClock();
    await using running = await startServer(() => noBody, { clock });
    const ids = Array.from({ length: 900 }, (_, index) => 2 * index + 1);
    using client = rawClient(
      running.port,
      ids.map((id) => rawFrame(1, 5, id, getBlock)),
    );
    await expect.poll(() => running.server.inFlight).toBe(900);
    await clock.advance(2_000);
    client.socket.write(
      Buffer.concat([...ids.map((id) => rawFrame(3, 0, id, Buffer.from([0, 0, 0, 8]))), rawFrame(6, 0, 0, Buffer.alloc(8))]),
    );
    await expect.poll(() => client.frames().some(({ type, flags }) => type === 6 && flags === 1)).toBe(true);
    expect(running.server.inFlight).toBe(0);
    expect(client.frames().some(({ type }) => type === 7)).toBe(false);
  });
});

describe("HTTP/2 server and a client that does not send what it owes", () => {
  test("a stream whose body stops coming is cut off after the stall limit, others go on", async () => {
    const clock = fakeClock();
    let reason = "";
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => (reason = error.reason));
        return echo(exchange);
      },
      { clock },
    );
    using client = rawClient(running.port, [rawFrame(1, 4, 1, postBlock), rawFrame(0, 0, 1, Buffer.from("some"))]);
    await expect.poll(() => running.server.inFlight).toBe(1);
    await clock.advance(59_000);
    expect(reason).toBe("");
    await clock.advance(4_000);
    expect(reason).toBe("WIRE_TIMEOUT");
    client.socket.write(rawFrame(1, 5, 3, postBlock));
    await expect.poll(() => client.frames().some(({ type, streamId }) => type === 1 && streamId === 3)).toBe(true);
  });

  test("a body that keeps coming, that the handler paused, or that may take its time is waited for", async () => {
    const clock = fakeClock();
    let reason = "";
    let receivedBytes = 0;
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => (reason = error.reason));
        if (exchange.head.path === "/") exchange.pauseBody();
        return { ...noBody, isOpenEnded: exchange.head.path === "/c", onData: (chunk) => void (receivedBytes += chunk.length) };
      },
      { clock },
    );
    const blockOf = (path: string): Buffer => Buffer.concat([Buffer.from([0x83, 0x86]), Buffer.from(`\x04\x02${path}`, "latin1")]);
    using client = rawClient(running.port, [
      rawFrame(1, 4, 1, postBlock),
      rawFrame(1, 4, 3, blockOf("/b")),
      rawFrame(1, 4, 5, blockOf("/c")),
    ]);
    await expect.poll(() => running.server.inFlight).toBe(3);
    for (let second = 0; second < 120; second += 30) {
      client.socket.write(rawFrame(0, 0, 3, Buffer.alloc(4_000)));
      await expect.poll(() => receivedBytes).toBe(4_000 * (second / 30 + 1));
      await clock.advance(30_000);
    }
    expect(reason).toBe("");
    expect(running.server.inFlight).toBe(3);
  });

  test("requests that cannot be completed or answered any more are aborted when the client ends its side", async () => {
    const reasons: string[] = [];
    await using running = await startServer((exchange) => {
      exchange.onAbort((error) => reasons.push(error.reason));
      return noBody;
    });
    using client = rawClient(running.port, [rawFrame(1, 4, 1, postBlock), rawFrame(1, 5, 3, postBlock)]);
    await expect.poll(() => running.server.inFlight).toBe(2);
    client.socket.end();
    await expect.poll(() => reasons).toEqual(["EXCHANGE_CANCELLED", "EXCHANGE_CANCELLED"]);
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("answers that wait for a window are aborted when the client ends its side, since it can grant none any more", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({ head: responseHead(200), body: new Uint8Array(100) });
      return noBody;
    });
    const noWindow = rawFrame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));
    using client = rawClient(running.port, [noWindow, rawFrame(1, 5, 1, getBlock)]);
    await expect.poll(() => running.server.inFlight).toBe(1);
    client.socket.end();
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });
});
