/**
 * Answers of gRPC-Web: the messages of the gRPC answer, then its trailers as one more message whose flag byte is 0x80 and whose text is that of
 * fields of HTTP/1.1. Source: gRPC, "gRPC Web".
 */
import { messagePrefix } from "../grpc/message-framing.ts";
import type { Field } from "../message/fields.ts";
import { ResponseHead, Trailers } from "../message/response-head.ts";
import { answerTypes, type WebForm } from "./web-head.ts";

/** The head of an answer, and the trailers that were in the gRPC head when they were all of the answer. */
export interface WebAnswerHead {
  readonly head: ResponseHead;
  readonly trailers: Trailers | undefined;
}

const trailersFlag = 0x80;

/** Heads of answers by those of gRPC: most calls are answered with one of few, which are made once. */
export class WebAnswerHeads {
  readonly #heads: Readonly<Record<WebForm, WeakMap<ResponseHead, WebAnswerHead>>> = { binary: new WeakMap(), text: new WeakMap() };

  /** The head for an answer of a form; undefined for one that is not of gRPC, and goes out as it is. */
  of(head: ResponseHead, form: WebForm): WebAnswerHead | undefined {
    const heads = this.#heads[form];
    const known = heads.get(head);
    if (known) return known;
    if (!head.fields.some(([name, value]) => name === "content-type" && value.startsWith("application/grpc"))) return undefined;
    const made = webAnswerHead(head, answerTypes[form]);
    heads.set(head, made);
    return made;
  }
}

function webAnswerHead({ status, fields }: ResponseHead, contentType: string): WebAnswerHead {
  const isTrailersOnly = fields.some(([name]) => name === "grpc-status");
  const staying = isTrailersOnly ? fields.filter(([name]) => isForBrowser(name)) : fields;
  const head = new ResponseHead(
    status,
    staying.map(([name, value]): Field => (name === "content-type" ? [name, contentType] : [name, value])),
  );
  return { head, trailers: isTrailersOnly ? new Trailers(fields.filter(([name]) => !isForBrowser(name))) : undefined };
}

/** What a browser looks at before it lets its page read the body. */
function isForBrowser(name: string): boolean {
  return name === "content-type" || name === "vary" || name.startsWith("access-control-");
}

/** Trailers as the last message of a body. */
export function trailersMessage(trailers: Trailers): Buffer {
  const text = Buffer.from(trailers.http1Text, "latin1");
  const prefix = messagePrefix(text.length);
  prefix[0] = trailersFlag;
  return Buffer.concat([prefix, text]);
}
