/** Writes tar bytes as they are asked for, wrong ones included. */

/** One member; what is left out is as it should be. */
export interface TarPart {
  readonly name?: string | Buffer;
  readonly type?: string;
  readonly content?: Buffer | string;
  readonly link?: string;
  /** What the header declares, as text. */
  readonly sizeField?: string | Buffer;
  readonly checksum?: number;
  readonly mode?: string;
  /** Whether the content is filled up to a block. Default true. */
  readonly isPadded?: boolean;
}

const block = 512;

/** Members without an end mark. */
export function tarParts(...parts: readonly TarPart[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [tarHeader(part), padded(part)]));
}

/** A whole tar. */
export function tarOf(...parts: readonly TarPart[]): Buffer {
  return Buffer.concat([tarParts(...parts), Buffer.alloc(2 * block)]);
}

/** A pax extension header of these records, before its member. */
export function paxPart(records: Readonly<Record<string, string>>, type: "x" | "g" = "x"): TarPart {
  return { name: "PaxHeader", type, content: Object.entries(records).map(paxRecord).join("") };
}

function paxRecord([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

function tarHeader({ name = "model.onnx", type = "0", content = "", link = "", mode = "0000644", sizeField, checksum }: TarPart): Buffer {
  const header = Buffer.alloc(block);
  const put = (at: number, value: string | Buffer): number => Buffer.from(value).copy(header, at);
  put(0, Buffer.from(name).subarray(0, 100));
  put(100, mode);
  put(108, "0000000\x000000000\x00");
  put(124, sizeField ?? Buffer.byteLength(content).toString(8).padStart(11, "0"));
  put(136, "00000000000");
  put(148, "        ");
  put(156, type);
  put(157, Buffer.from(link).subarray(0, 100));
  put(257, "ustar\x0000");
  const sum = checksum ?? header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return header;
}

function padded({ content = "", isPadded = true }: TarPart): Buffer {
  const bytes = Buffer.from(content);
  return isPadded ? Buffer.concat([bytes, Buffer.alloc((block - (bytes.byteLength % block)) % block)]) : bytes;
}
