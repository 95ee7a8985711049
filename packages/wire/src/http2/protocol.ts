/** Constants of HTTP/2 (RFC 9113) and the error that ends a connection or stream. */

/** The client's connection preface (§3.4). */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Bytes of a frame header (§4.1). */
export const frameHeaderBytes = 9;

/** Largest frame payload both sides must take; we never announce more (§4.2). */
export const defaultMaxFrameBytes = 16_384;

/** Window every stream and connection starts with (§6.9.2). */
export const defaultWindowBytes = 65_535;

/** Largest window (§6.9.1). */
export const maxWindowBytes: number = 2 ** 31 - 1;

/** Frame types (§6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags. */
export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (§7). */
export const errorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** Name of an error code. */
export type ErrorCodeName = keyof typeof errorCode;

const codeNames: ReadonlyMap<number, string> = new Map(Object.entries(errorCode).map(([name, code]) => [code, name]));

/** Name of an error code for people; unknown ones as a number. */
export function errorCodeName(code: number): string {
  return codeNames.get(code) ?? `error ${code}`;
}

/** The peer broke the protocol or a limit. Caught by the session, which ends the stream, or the connection when `streamId` is 0. */
export class Http2Fault extends Error {
  readonly code: ErrorCodeName;
  readonly streamId: number;

  constructor(code: ErrorCodeName, problem: string, streamId = 0) {
    super(problem);
    this.code = code;
    this.streamId = streamId;
  }
}
