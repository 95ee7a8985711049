import { describe, expect, it } from "vitest";
import { type HeaderBlock, HeaderReader } from "./header-reader.ts";
import { frameFlag, frameType } from "./protocol.ts";

const reader = (): HeaderReader => new HeaderReader({ maxHeaderBytes: 65_536, maxMemoBytes: 65_536, maxMemoEntries: 64 });
const read = (headers: HeaderReader, payload: Buffer): HeaderBlock | undefined =>
  headers.headers({ type: frameType.headers, flags: frameFlag.endHeaders, streamId: 1, payload });
/** A literal with incremental indexing of a name and value of one letter each (RFC 7541 §6.2.1). */
const added = (name: string, value: string): Buffer => Buffer.from(`\x40\x01${name}\x01${value}`, "latin1");
/** The entry that was added last, and the one before. */
const [last, before] = [Buffer.from([0xbe]), Buffer.from([0xbf])];

describe("HeaderReader", () => {
  it("hands out the same block when the same bytes repeat, whatever came between", () => {
    const headers = reader();
    read(headers, added("a", "1"));
    read(headers, added("b", "2"));
    const [newest, older] = [read(headers, last), read(headers, before)];
    expect([newest?.fields, older?.fields]).toEqual([[["b", "2"]], [["a", "1"]]]);
    for (const [payload, block] of [
      [last, newest],
      [last, newest],
      [before, older],
      [before, older],
      [last, newest],
    ] as const)
      expect(read(headers, payload)).toBe(block);
  });

  it("reads the same bytes anew when the table has changed", () => {
    const headers = reader();
    read(headers, added("a", "1"));
    for (let count = 0; count < 3; count++) expect(read(headers, last)?.fields).toEqual([["a", "1"]]);
    read(headers, added("b", "2"));
    expect(read(headers, last)?.fields).toEqual([["b", "2"]]);
  });

  it("compares with what it read, not with what is in the read buffer since", () => {
    const headers = reader();
    read(headers, added("a", "1"));
    read(headers, added("b", "2"));
    const buffer = Buffer.from(last);
    for (let count = 0; count < 3; count++) expect(read(headers, buffer)?.fields).toEqual([["b", "2"]]);
    before.copy(buffer);
    expect(read(headers, buffer)?.fields).toEqual([["a", "1"]]);
  });
});
