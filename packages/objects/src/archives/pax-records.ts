/** Records of a pax extended header (POSIX.1-2001): `LENGTH KEY=VALUE\n`, LENGTH counting itself. */

/** The records, keys once each; undefined when they are not of this form. */
export function parsePaxRecords(bytes: Buffer): ReadonlyMap<string, Buffer> | undefined {
  const records = new Map<string, Buffer>();
  for (let position = 0; position < bytes.byteLength; ) {
    const space = bytes.indexOf(0x20, position);
    const lengthText = space < 0 ? "" : bytes.toString("latin1", position, Math.min(space, position + 16));
    if (!/^[1-9]\d{0,9}$/.test(lengthText)) return undefined;
    const end = position + Number(lengthText);
    const equals = bytes.indexOf(0x3d, space);
    if (end > bytes.byteLength || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end) return undefined;
    const key = bytes.toString("utf8", space + 1, equals);
    if (key === "" || records.has(key)) return undefined;
    records.set(key, bytes.subarray(equals + 1, end - 1));
    position = end;
  }
  return records;
}
