import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { parseArtifactSource } from "@modelyard/objects";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningControl, runControl } from "../testing/running-control.ts";

let running: RunningControl;

beforeEach(async () => {
  running = await runControl();
});

afterEach(() => running.close());

const version = { "tus-resumable": "1.0.0" };
const urlOf = (path: string): string => new URL(path, running.control.url).href;

async function create(lengthBytes: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await fetch(urlOf("/uploads"), {
    method: "POST",
    headers: { ...version, "upload-length": String(lengthBytes), ...headers },
  });
  expect(answer.status).toBe(201);
  return answer.headers.get("location") ?? "";
}

function piece(place: string, offset: number, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  const headers = { ...version, "upload-offset": String(offset), "content-type": "application/offset+octet-stream" };
  return fetch(urlOf(place), { method: "PATCH", headers, body });
}

async function offsetOf(place: string): Promise<number> {
  const answer = await fetch(urlOf(place), { method: "HEAD", headers: version });
  expect(answer.status).toBe(200);
  return Number(answer.headers.get("upload-offset"));
}

/** A piece that has begun: so many bytes are on disk, the rest never comes by itself. */
async function stalledPiece(place: string, body: Uint8Array): Promise<{ end(): Promise<void> }> {
  const headers = { ...version, "upload-offset": "0", "content-type": "application/offset+octet-stream", "content-length": "1000000" };
  const sending = request(urlOf(place), { method: "PATCH", headers });
  const closed = new Promise<void>((resolve) => sending.once("close", resolve));
  sending.on("error", () => {});
  sending.write(body);
  await expect.poll(() => offsetOf(place)).toBe(body.byteLength);
  return {
    async end() {
      sending.destroy();
      await closed;
    },
  };
}

describe("uploads over tus 1.0.0", () => {
  test("take a file in pieces, and it is a source of its own name", async () => {
    const bytes = randomBytes(300_000);
    const place = await create(bytes.byteLength, { "upload-metadata": `filename ${Buffer.from("../digits.onnx").toString("base64")},x` });
    expect((await piece(place, 0, bytes.subarray(0, 100_000))).status).toBe(204);
    const last = await piece(place, 100_000, bytes.subarray(100_000));
    expect([last.status, last.headers.get("upload-offset")]).toEqual([204, "300000"]);
    const artifact = await running.artifacts.ingest(parseArtifactSource(`upload://${place.split("/").at(-1)}`));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    expect(artifact.files).toEqual([{ path: "digits.onnx", digest, sizeBytes: 300_000 }]);
  });

  test("say what they speak", async () => {
    const answer = await fetch(urlOf("/uploads"), { method: "OPTIONS" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("tus-version")).toBe("1.0.0");
    expect(answer.headers.get("tus-extension")).toBe("creation,expiration,termination");
    expect(Number(answer.headers.get("tus-max-size"))).toBeGreaterThan(0);
  });

  test("go on where a broken connection left them, and refuse a second piece meanwhile", async () => {
    const bytes = randomBytes(1_000_000);
    const place = await create(bytes.byteLength);
    const stalled = await stalledPiece(place, bytes.subarray(0, 250_000));
    expect((await piece(place, 250_000, bytes.subarray(250_000))).status).toBe(409);
    await stalled.end();
    await expect.poll(async () => (await piece(place, 250_000, bytes.subarray(250_000))).status).toBe(204);
    expect(await offsetOf(place)).toBe(1_000_000);
    const artifact = await running.artifacts.ingest(parseArtifactSource(place.replace("/uploads/", "upload://")));
    expect(artifact.files[0]?.digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  });

  test("go on after a restart of control", async () => {
    const place = await create(6);
    await piece(place, 0, Buffer.from("abc"));
    running = await running.restart();
    expect(await offsetOf(place)).toBe(3);
    expect((await piece(place, 3, Buffer.from("def"))).status).toBe(204);
  });

  test.each([
    ["a wrong offset", 409, (place: string) => piece(place, 2, Buffer.from("x"))],
    ["more bytes than announced", 413, (place: string) => piece(place, 0, Buffer.from("too many bytes"))],
    [
      "another media type",
      415,
      (place: string) =>
        fetch(urlOf(place), {
          method: "PATCH",
          headers: { ...version, "upload-offset": "0", "content-type": "application/json" },
          body: "{}",
        }),
    ],
    [
      "no offset",
      400,
      (place: string) =>
        fetch(urlOf(place), { method: "PATCH", headers: { ...version, "content-type": "application/offset+octet-stream" }, body: "x" }),
    ],
    ["another version", 412, (place: string) => fetch(urlOf(place), { method: "HEAD", headers: { "tus-resumable": "0.2.2" } })],
    [
      "another origin",
      403,
      (place: string) => fetch(urlOf(place), { method: "DELETE", headers: { ...version, origin: "http://evil.example" } }),
    ],
    [
      "a length beyond the limit",
      413,
      () => fetch(urlOf("/uploads"), { method: "POST", headers: { ...version, "upload-length": String(2 ** 45) } }),
    ],
    ["no length", 400, () => fetch(urlOf("/uploads"), { method: "POST", headers: version })],
    ["a deferred length", 400, () => fetch(urlOf("/uploads"), { method: "POST", headers: { ...version, "upload-defer-length": "1" } })],
    [
      "metadata that is none",
      400,
      () => fetch(urlOf("/uploads"), { method: "POST", headers: { ...version, "upload-length": "1", "upload-metadata": "a b c" } }),
    ],
    ["an upload that is not there", 404, () => fetch(urlOf(`/uploads/${"0".repeat(24)}`), { method: "HEAD", headers: version })],
    ["an id that is a path", 404, () => fetch(urlOf("/uploads/..%2Fartifacts"), { method: "DELETE", headers: version })],
  ])("refuse %s with %i and keep the upload as it was", async (_, status, send) => {
    const place = await create(5);
    const answer = await send(place);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("tus-resumable")).toBe(status === 403 ? null : "1.0.0");
    expect(await offsetOf(place)).toBe(0);
  });

  test("are removed on request", async () => {
    const place = await create(5);
    expect((await fetch(urlOf(place), { method: "DELETE", headers: version })).status).toBe(204);
    expect((await piece(place, 0, Buffer.from("x"))).status).toBe(404);
  });

  test("are no source before they are whole", async () => {
    const place = await create(5);
    const ingest = running.artifacts.ingest(parseArtifactSource(place.replace("/uploads/", "upload://")));
    await expect(ingest).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
  });
});
