/** The static table of HPACK (RFC 7541, appendix A). */
import type { Field } from "../message/fields.ts";

/** Entries in the order of their index; the first has index 1. */
export const staticTable: readonly Field[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Where a name is in the static table. */
export interface StaticName {
  /** Index of the first entry with the name. */
  readonly index: number;
  /** Index by value, for entries that have one. */
  readonly byValue: ReadonlyMap<string, number>;
}

/** Looks names up. */
export const staticNames: ReadonlyMap<string, StaticName> = indexNames();

function indexNames(): ReadonlyMap<string, StaticName> {
  const names = new Map<string, { index: number; byValue: Map<string, number> }>();
  for (const [at, [name, value]] of staticTable.entries()) {
    const known = names.get(name) ?? { index: at + 1, byValue: new Map<string, number>() };
    if (value !== "") known.byValue.set(value, at + 1);
    names.set(name, known);
  }
  return names;
}
