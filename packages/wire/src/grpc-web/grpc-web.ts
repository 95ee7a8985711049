/**
 * gRPC-Web: calls of web pages, which can neither choose HTTP/2 nor read trailers. They come by any protocol, as `application/grpc-web` or, in
 * base64, `application/grpc-web-text`, and are handed on as the gRPC calls that they carry. Source: gRPC, "gRPC Web".
 *
 * Hot path: other requests cost a look at the memo of their head.
 */
import type { BodyConsumer, Exchange, RequestHandler } from "../message/exchange.ts";
import { Base64Body } from "./base64-body.ts";
import { WebAnswerHeads } from "./web-answer.ts";
import { WebExchange } from "./web-exchange.ts";
import { type WebHead, webHeadOf } from "./web-head.ts";

/** A handler whose gRPC calls may also come as gRPC-Web. It must set `memo` of the heads it is given, or each is looked at anew. */
export function grpcWeb(onRequest: RequestHandler): RequestHandler {
  const heads = new WebAnswerHeads();
  return (exchange) => {
    const head = webHeadOf(exchange.head);
    return head ? handOn({ exchange, head, heads }, onRequest) : onRequest(exchange);
  };
}

interface WebCall {
  readonly exchange: Exchange;
  readonly head: WebHead;
  readonly heads: WebAnswerHeads;
}

function handOn({ exchange, head, heads }: WebCall, onRequest: RequestHandler): BodyConsumer {
  const call = new WebExchange(exchange, head, heads);
  const consumer = onRequest(call);
  return head.requestForm === "binary" ? consumer : new Base64Body(consumer, (error) => call.breakOff(error));
}
