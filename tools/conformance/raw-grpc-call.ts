/** One gRPC call at the level of HTTP/2, for what a gRPC library would not let a client send, or would hide. */
import { connect, constants, type IncomingHttpHeaders } from "node:http2";

/** A call. */
export interface RawGrpcCall {
  readonly path: string;
  /** Over those of a right call; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** Whether the client leaves its side open. Default false. */
  readonly isOpen?: boolean;
}

/** What came. */
export interface RawGrpcAnswer {
  /** HTTP status; 0 when the stream was reset before. */
  readonly httpStatus: number;
  readonly contentType: string;
  /** Where it was, head or trailers; undefined when there was none. */
  readonly grpcStatus: number | undefined;
  readonly grpcMessage: string;
  /** Whether `grpc-status` came in trailers, behind a body. */
  readonly hasTrailers: boolean;
  readonly head: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Code of the server's RST_STREAM; 0 when there was none. */
  readonly resetCode: number;
  /** Whether the call was given up here, as nothing came. */
  readonly isSilent: boolean;
}

const limitMs = 3_000;

/** A length-prefixed message. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Makes the call on a connection of its own; rejects when the connection fails. */
export function rawGrpcCall(address: string, call: RawGrpcCall): Promise<RawGrpcAnswer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    session.on("error", reject);
    const stream = session.request(headersOf(call), { endStream: false });
    let isSilent = false;
    stream.setTimeout(limitMs, () => {
      isSilent = true;
      stream.close(constants.NGHTTP2_CANCEL);
    });
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (fields) => (head = fields));
    stream.on("trailers", (fields) => (trailers = fields));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    // The reset code says the same.
    stream.on("error", () => {});
    stream.on("close", () => {
      session.destroy();
      resolve(answerOf({ head, trailers, body: Buffer.concat(chunks), resetCode: isSilent ? 0 : (stream.rstCode ?? 0), isSilent }));
    });
    if (call.isOpen) stream.write(call.body);
    else stream.end(call.body);
  });
}

function headersOf({ path, headers = {} }: RawGrpcCall): Record<string, string> {
  const all = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

type Received = Pick<RawGrpcAnswer, "head" | "body" | "resetCode" | "isSilent"> & { readonly trailers: IncomingHttpHeaders };

function answerOf({ head, trailers, ...received }: Received): RawGrpcAnswer {
  const status = trailers["grpc-status"] ?? head["grpc-status"];
  return {
    httpStatus: Number(head[":status"] ?? 0),
    contentType: head["content-type"] ?? "",
    grpcStatus: status === undefined ? undefined : Number(status),
    grpcMessage: String(trailers["grpc-message"] ?? head["grpc-message"] ?? ""),
    hasTrailers: trailers["grpc-status"] !== undefined,
    head,
    ...received,
  };
}
