/**
 * Reads requests and writes answers that are like those before but for their raw contents: what a client sends again and again to one model. Of such
 * a request only the bytes in front of its contents are compared, of such an answer only the contents are written.
 *
 * Hot path. Budget: a repeated request with one raw input under 0.3 µs, a repeated answer with one raw output under 0.3 µs (`inference.bench.ts`);
 * reading and writing them in full takes about 1.5 and 1 µs.
 */
import type { FixedTensor } from "../tensor.ts";
import { type AnswerLikeness, likenessOf, outputIfLike } from "./answer-likeness.ts";
import { FormRenewal } from "./form-renewal.ts";
import { type GrpcInferenceRequest, readGrpcInferRequest } from "./grpc-infer-request.ts";
import { writeGrpcInferResponse } from "./grpc-infer-response.ts";
import type { InferenceInput, InferenceResponse } from "./inference-message.ts";

/** Longer ones are not kept. */
const longestHeadBytes = 1_024;

/** What is kept is small, and keeps nothing alive of the messages it was read from. */
interface RequestForm {
  readonly request: Omit<GrpcInferenceRequest, "inputs">;
  readonly input: Omit<InferenceInput, "contents">;
  /** Everything in front of the contents. */
  readonly head: Uint8Array;
  readonly sizeBytes: number;
}

interface ResponseForm {
  readonly likeness: AnswerLikeness;
  /** Everything in front of the contents, headroom included. */
  readonly head: Uint8Array;
}

/** The forms of one client's requests and of their answers. */
export class GrpcInferForm {
  #request: RequestForm | undefined;
  #response: ResponseForm | undefined;
  readonly #requests = new FormRenewal();
  readonly #responses = new FormRenewal();
  readonly #headroomBytes: number;

  /** Answers are written behind so many free bytes. */
  constructor(headroomBytes: number) {
    this.#headroomBytes = headroomBytes;
  }

  /** As `readGrpcInferRequest`. */
  read(message: Uint8Array): GrpcInferenceRequest {
    const form = this.#request;
    if (form && isOfForm(message, form)) {
      this.#requests.used();
      return withContents(form, message.subarray(form.head.length));
    }
    const request = readGrpcInferRequest(message);
    if (this.#requests.isDue()) this.#request = requestForm(request, message);
    return request;
  }

  /** As `writeGrpcInferResponse`. */
  write(response: InferenceResponse, isRaw: boolean): Uint8Array {
    const form = this.#response;
    const output = form && isRaw ? outputIfLike(response, form.likeness) : undefined;
    if (form && output) {
      this.#responses.used();
      return filled(form, output);
    }
    const message = writeGrpcInferResponse(response, { isRaw, headroomBytes: this.#headroomBytes });
    if (isRaw && this.#responses.isDue()) this.#response = responseForm(response, message);
    return message;
  }
}

function isOfForm(message: Uint8Array, { head, sizeBytes }: RequestForm): boolean {
  if (message.length !== sizeBytes) return false;
  for (let at = 0; at < head.length; at++) if (message[at] !== head[at]) return false;
  return true;
}

function withContents({ request, input }: RequestForm, bytes: Uint8Array): GrpcInferenceRequest {
  const { modelName, modelVersion, id, parameters, outputs, isRaw } = request;
  const { name, datatype, shape } = input;
  const contents = { kind: "raw", bytes } as const;
  return {
    modelName,
    modelVersion,
    id,
    parameters,
    inputs: [{ name, datatype, shape, parameters: input.parameters, contents }],
    outputs,
    isRaw,
  };
}

/** Of a request with one raw input whose contents end the message. */
function requestForm(request: GrpcInferenceRequest, message: Uint8Array): RequestForm | undefined {
  const [input, ...others] = request.inputs;
  if (!input || others.length > 0 || input.contents.kind !== "raw") return undefined;
  const { bytes } = input.contents;
  const headBytes = message.length - bytes.length;
  const isLast = bytes.byteOffset === message.byteOffset + headBytes && bytes.buffer === message.buffer;
  if (!isLast || headBytes > longestHeadBytes) return undefined;
  const { inputs: _inputs, ...rest } = request;
  const { contents: _contents, ...described } = input;
  return { request: rest, input: described, head: new Uint8Array(message.subarray(0, headBytes)), sizeBytes: message.length };
}

function filled({ head }: ResponseForm, { bytes }: FixedTensor): Uint8Array {
  const message = Buffer.allocUnsafe(head.length + bytes.length);
  message.set(head, 0);
  message.set(bytes, head.length);
  return message;
}

/** Of a raw answer with one output of a fixed-size datatype. */
function responseForm(response: InferenceResponse, message: Uint8Array): ResponseForm | undefined {
  const likeness = likenessOf(response);
  if (!likeness) return undefined;
  const headBytes = message.length - likeness.contentsBytes;
  return headBytes > longestHeadBytes ? undefined : { likeness, head: new Uint8Array(message.subarray(0, headBytes)) };
}
