/** Faults of the gRPC side: of its ends, its frames and its streams. */
import { type ResponseStream, type Trailers, trailers, type WholeResponse } from "@modelyard/wire";
import { exchangeFault, withField, withoutRequestField, withRequestField, withTrailer } from "./faulty-exchange.ts";
import type { PlantedFault } from "./planted-fault.ts";

const errorReplyTag = 0x0a;
const prefixBytes = 5;

/** The table. */
export const grpcFaults: readonly PlantedFault[] = [
  endFault("error-as-ok", "ends failed calls with status 0", "grpc-status", "0"),
  endFault("error-as-unknown", "ends every failed call with UNKNOWN", "grpc-status", "2"),
  endFault("error-without-message", "does not say what a call failed of", "grpc-message", undefined),
  exchangeFault("trailers-missing", "ends calls without trailers", {
    answer: ({ trailers: _trailers, ...answer }) => answer,
    stream: (stream) => ({ ...delegating(stream), end: () => stream.end() }),
  }),
  exchangeFault("content-type-of-text", "answers gRPC as plain text", {
    answer: (answer) => (answer.trailers ? { ...answer, head: withField(answer.head, "content-type", "text/plain") } : answer),
  }),
  exchangeFault("message-length-off", "announces a byte too many in a message's prefix", {
    answer: (answer) => (answer.trailers && answer.body instanceof Uint8Array ? { ...answer, body: lengthOff(answer.body) } : answer),
  }),
  exchangeFault("deadline-ignored", "does not look at the deadline of a call", {
    requestHead: (head) => (/^\d/.test(head.get("grpc-timeout") ?? "") ? withoutRequestField(head, "grpc-timeout") : head),
  }),
  exchangeFault("web-text-as-bytes", "takes the base64 of gRPC-Web for bytes", {
    requestHead: (head) => withRequestField(head, "content-type", head.get("content-type")?.replace("-web-text", "-web") ?? ""),
  }),
  exchangeFault("web-trailers-missing", "leaves the last frame out of an answer by gRPC-Web", {
    answer: (answer) => (isWeb(answer) ? { ...answer, body: withoutTrailers(answer.body) } : answer),
  }),
  exchangeFault("message-encoding-overlooked", "does not notice how messages are compressed", {
    requestHead: (head) => withoutRequestField(head, "grpc-encoding"),
  }),
  streamFault("stream-exchanged", "exchanges every other reply of a stream with the one before it", exchanging),
  streamFault("stream-reply-lost", "loses every seventh reply of a stream", losing),
  streamFault("stream-reply-twice", "sends every seventh reply of a stream twice", repeating),
  streamFault("stream-ended-by-error", "ends a stream at the first request that fails", endingAtError),
];

/** A fault in how failed calls end. */
// oxlint-disable-next-line max-params -- a row of the table above.
function endFault(name: string, what: string, field: string, value: string | undefined): PlantedFault {
  const answer = (one: WholeResponse): WholeResponse => (isFailed(one) ? { ...one, head: withField(one.head, field, value) } : one);
  const changed = (end: Trailers | undefined): Trailers | undefined =>
    end && new Map(end.fields).get("grpc-status") !== "0" ? withTrailer(end, field, value) : end;
  return exchangeFault(name, what, { answer, stream: (stream) => ({ ...delegating(stream), end: (end) => stream.end(changed(end)) }) });
}

/** A fault in the replies of `ModelStreamInfer`. */
function streamFault(name: string, what: string, change: (stream: ResponseStream) => ResponseStream): PlantedFault {
  return exchangeFault(name, what, { stream: (stream, { path }) => (path.endsWith("/ModelStreamInfer") ? change(stream) : stream) });
}

function isFailed({ head }: WholeResponse): boolean {
  return head.fields.some(([name, value]) => name === "grpc-status" && value !== "0");
}

function isWeb(answer: WholeResponse): answer is WholeResponse & { readonly body: Uint8Array } {
  const type = new Map(answer.head.fields).get("content-type") ?? "";
  return type.startsWith("application/grpc-web") && answer.body instanceof Uint8Array;
}

function withoutTrailers(body: Uint8Array): Uint8Array {
  return body.subarray(0, prefixBytes + Buffer.from(body).readUInt32BE(1));
}

function delegating(stream: ResponseStream): ResponseStream {
  return { write: (chunk) => stream.write(chunk), onDrain: (callback) => stream.onDrain(callback), end: (end) => stream.end(end) };
}

function lengthOff(message: Uint8Array): Uint8Array {
  const copy = Buffer.from(message);
  copy.writeUInt32BE(copy.readUInt32BE(1) + 1, 1);
  return copy;
}

function exchanging(stream: ResponseStream): ResponseStream {
  let kept: Uint8Array | undefined;
  return {
    ...delegating(stream),
    write(chunk) {
      if (!kept) {
        kept = chunk;
        return true;
      }
      const first = kept;
      kept = undefined;
      stream.write(chunk);
      return stream.write(first);
    },
    end(trailers) {
      if (kept) stream.write(kept);
      stream.end(trailers);
    },
  };
}

function losing(stream: ResponseStream): ResponseStream {
  let count = 0;
  return { ...delegating(stream), write: (chunk) => (++count % 7 === 0 ? true : stream.write(chunk)) };
}

function repeating(stream: ResponseStream): ResponseStream {
  let count = 0;
  const write = (chunk: Uint8Array): boolean => {
    if (++count % 7 === 0) stream.write(chunk);
    return stream.write(chunk);
  };
  return { ...delegating(stream), write };
}

function endingAtError(stream: ResponseStream): ResponseStream {
  let hasEnded = false;
  return {
    ...delegating(stream),
    write(chunk) {
      if (hasEnded || chunk[prefixBytes] !== errorReplyTag) return hasEnded || stream.write(chunk);
      hasEnded = true;
      stream.end(trailers([["grpc-status", "3"]]));
      return true;
    },
    end(end) {
      if (!hasEnded) stream.end(end);
    },
  };
}
