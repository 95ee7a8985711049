import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { errorOf, inferPair, pairInput, restServers, send } from "../testing/index.ts";

const { startPair } = restServers();
const large = { inputs: [{ ...pairInput, shape: [2000, 2], data: Array.from({ length: 4000 }, (_, index) => index) }] };

describe("compressed bodies over REST", () => {
  it.each([
    ["gzip", gzipSync, gunzipSync],
    ["deflate", deflateSync, inflateSync],
  ] as const)("come and go as %s", async (coding, compress, inflate) => {
    const server = await startPair();
    const headers = { "content-encoding": coding, "accept-encoding": coding };
    const answer = await inferPair(server, compress(JSON.stringify(large)), { headers });
    expect([answer.status, answer.headers["content-encoding"], answer.headers["content-type"]]).toEqual([200, coding, "application/json"]);
    expect(JSON.parse(inflate(answer.bytes).toString())).toMatchObject({ outputs: [{ shape: [2000, 2] }] });
  });

  it("go out as they are when they are small or the client wants none", async () => {
    const server = await startPair();
    const coding = async (body: object, accept: string): Promise<unknown> =>
      (await inferPair(server, body, { headers: { "accept-encoding": accept } })).headers["content-encoding"];
    expect(await coding({ inputs: [pairInput] }, "gzip")).toBeUndefined();
    expect(await coding(large, "gzip;q=0, deflate;q=0")).toBeUndefined();
    expect(await coding(large, "gzip;q=0.2, deflate;q=0.9")).toBe("deflate");
    expect((await inferPair(server, large, { headers: { "accept-encoding": "br, identity;q=0" } })).status).toBe(406);
  });

  it("are those of inferences only, as a client of the protocol inflates no other answer", async () => {
    const server = await startPair();
    const answer = await send(server.port, "/openapi.json", { headers: { "accept-encoding": "gzip, deflate" } });
    expect(answer.headers["content-encoding"]).toBeUndefined();
    expect(answer.bytes.length).toBeGreaterThan(4096);
  });

  it("are refused when they inflate beyond the limit, or are not what they say", async () => {
    const server = await startPair({ limits: { maxBodyBytes: 100_000 } });
    const headers = { "content-encoding": "gzip" };
    const bomb = await inferPair(server, gzipSync(Buffer.alloc(10_000_000)), { headers });
    expect([bomb.status, errorOf(bomb)]).toEqual([413, expect.stringContaining("inflated")]);
    const cut = await inferPair(server, gzipSync(JSON.stringify(large)).subarray(0, 100), { headers });
    expect([cut.status, errorOf(cut)]).toEqual([400, expect.stringContaining("content-encoding gzip")]);
  });
});
