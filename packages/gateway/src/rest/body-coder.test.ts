import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BodyCoder } from "./body-coder.ts";

const maxBytes = 1024 * 1024;

/** Memory of the server that says how much of it is used. */
function memory(): { usedBytes: number; move(bytes: number): void } {
  return {
    usedBytes: 0,
    move(bytes) {
      this.usedBytes += bytes;
    },
  };
}

describe("BodyCoder", () => {
  it("counts bodies that wait to be inflated, or are, as used memory of the server until they have been", async () => {
    const coder = new BodyCoder();
    const buffers = memory();
    const bodies = Array.from({ length: 10 }, () => gzipSync(randomBytes(10_000)));
    const inflating = bodies.map((body) => coder.inflate(body, "gzip", { maxBytes, buffers }));
    expect(buffers.usedBytes).toBe(bodies.reduce((sum, { length }) => sum + length, 0));
    expect((await Promise.all(inflating)).map(({ length }) => length)).toEqual(bodies.map(() => 10_000));
    expect(buffers.usedBytes).toBe(0);
  });

  it("gives the memory back of a body that is refused", async () => {
    const coder = new BodyCoder();
    const buffers = memory();
    await expect(coder.inflate(Buffer.from("no gzip"), "gzip", { maxBytes, buffers })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const bomb = gzipSync(Buffer.alloc(maxBytes + 1));
    await expect(coder.inflate(bomb, "gzip", { maxBytes, buffers })).rejects.toMatchObject({ reason: "BODY_TOO_LARGE" });
    expect(buffers.usedBytes).toBe(0);
  });
});
