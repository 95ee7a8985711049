import { PassThrough, Readable } from "node:stream";
import { failure } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { readAll } from "./read-all.ts";

describe("readAll()", () => {
  it("gives the bytes of a stream", async () => {
    const stream = Readable.from([Buffer.from("ab"), Buffer.from("c")]);
    expect(Buffer.from(await readAll(stream, new AbortController().signal)).toString()).toBe("abc");
  });

  it("rejects with the reason of the signal while it waits for more", async () => {
    const interrupt = new AbortController();
    const stream = new PassThrough();
    stream.write("ab");
    const reading = readAll(stream, interrupt.signal);
    interrupt.abort(failure("INTERRUPTED", {}));
    await expect(reading).rejects.toMatchObject({ reason: "INTERRUPTED" });
    expect(stream.destroyed).toBe(true);
  });
});
