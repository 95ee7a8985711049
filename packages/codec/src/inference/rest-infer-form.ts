/**
 * Reads REST requests and writes their answers that are like those before but for the elements of their one tensor: what a client sends again and
 * again over a connection. Of such a request the text around the elements is compared instead of parsed, and numbers are read straight into the
 * tensor; of such an answer only the elements are written.
 *
 * Hot path. Budget: 784 whole numbers under 5 µs, a binary request under 0.5 µs (`inference.bench.ts`); in full 10 and 5 µs.
 */
import type { Datatype } from "../datatype.ts";
import { elementCountOf } from "../shape.ts";
import type { FixedTensor } from "../tensor.ts";
import { tensorToJson } from "../tensor-json.ts";
import { type AnswerLikeness, likenessOf, outputIfLike } from "./answer-likeness.ts";
import { FormRenewal } from "./form-renewal.ts";
import type { InferenceInput, InferenceResponse, InputContents } from "./inference-message.ts";
import { findList, readNumberList } from "./number-lists.ts";
import { type RestInferenceRequest, readRestInferRequest } from "./rest-infer-request.ts";
import { type RestInferenceBody, writeRestInferResponse } from "./rest-infer-response.ts";

/** Longer texts around the elements are not kept. */
const longestTextBytes = 1_024;
/** What is kept is small, and keeps nothing alive of the bodies it was read from. */
interface RequestForm {
  readonly request: Omit<RestInferenceRequest, "inputs">;
  readonly input: Omit<InferenceInput, "contents">;
  /** As the header said. */
  readonly jsonLength: number | undefined;
  /** Everything in front of the elements. */
  readonly head: Uint8Array;
  /** Everything behind them. */
  readonly tail: Uint8Array;
  readonly elementCount: number;
  /** Of binary contents; 0: the elements are JSON. */
  readonly binaryBytes: number;
}

interface ResponseForm {
  readonly likeness: AnswerLikeness;
  readonly isBinary: boolean;
  /** Everything in front of the elements, which are a list or bytes. */
  readonly head: string;
  readonly headBytes: Uint8Array;
}

/** The forms of the requests on one connection and of their answers. */
export class RestInferForm {
  #request: RequestForm | undefined;
  #response: ResponseForm | undefined;
  readonly #requests = new FormRenewal();
  readonly #responses = new FormRenewal();

  /** As `readRestInferRequest`. */
  read(bytes: Uint8Array, jsonLength: number | undefined): RestInferenceRequest {
    const form = this.#request;
    const contents = form && form.jsonLength === jsonLength ? contentsByForm(bytes, form) : undefined;
    if (form && contents) {
      this.#requests.used();
      return { ...form.request, inputs: [{ ...form.input, contents }] };
    }
    const request = readRestInferRequest(bytes, jsonLength);
    if (this.#requests.isDue()) this.#request = requestForm(request, bytes, jsonLength);
    return request;
  }

  /** As `writeRestInferResponse`. */
  write(response: InferenceResponse, isBinary: (index: number) => boolean): RestInferenceBody {
    const form = this.#response;
    const output = form && form.isBinary === isBinary(0) ? outputIfLike(response, form.likeness) : undefined;
    if (form && output) {
      this.#responses.used();
      return filled(form, output);
    }
    const body = writeRestInferResponse(response, isBinary);
    if (this.#responses.isDue()) this.#response = responseForm(response, body, isBinary(0));
    return body;
  }
}

/** The elements of a request that is like the form; `undefined` when it is not. */
function contentsByForm(bytes: Uint8Array, form: RequestForm): InputContents | undefined {
  const { head, tail, elementCount, binaryBytes, input } = form;
  if (binaryBytes > 0) {
    const isLike = bytes.length === head.length + binaryBytes && startsWith(bytes, 0, head);
    return isLike ? { kind: "raw", bytes: bytes.subarray(head.length) } : undefined;
  }
  const end = bytes.length - tail.length;
  if (end <= head.length || !startsWith(bytes, 0, head) || !startsWith(bytes, end, tail)) return undefined;
  const values = arrayFor(input.datatype, elementCount);
  if (readNumberList(bytes, head.length, values) !== end) return undefined;
  return values instanceof Float64Array ? { kind: "numbers", values } : { kind: "raw", bytes: new Uint8Array(values.buffer) };
}

function startsWith(bytes: Uint8Array, from: number, part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at++) if (bytes[from + at] !== part[at]) return false;
  return true;
}

/** Of a request with one input that is a flat list of as many numbers as it must be, or that ends the body as binary. */
function requestForm(request: RestInferenceRequest, bytes: Uint8Array, jsonLength: number | undefined): RequestForm | undefined {
  const [input, ...others] = request.inputs;
  if (!input || others.length > 0) return undefined;
  const place = placeOf(input, bytes);
  if (!place || place.start + bytes.length - place.end > longestTextBytes) return undefined;
  const { inputs: _inputs, ...rest } = request;
  const { contents: _contents, ...described } = input;
  return {
    request: rest,
    input: described,
    jsonLength,
    head: new Uint8Array(bytes.subarray(0, place.start)),
    tail: new Uint8Array(bytes.subarray(place.end)),
    elementCount: elementCountOf(input.shape),
    binaryBytes: input.contents.kind === "raw" ? place.end - place.start : 0,
  };
}

/** Where in a body the elements of its one input are. */
function placeOf(
  { contents, datatype, shape }: InferenceInput,
  bytes: Uint8Array,
): { readonly start: number; readonly end: number } | undefined {
  if (contents.kind === "raw") return { start: bytes.length - contents.bytes.length, end: bytes.length };
  const start = findList(bytes);
  const end = start < 0 ? -1 : readNumberList(bytes, start, arrayFor(datatype, elementCountOf(shape)));
  return end > 0 && isDataOfInput(bytes, start, end) ? { start, end } : undefined;
}

function arrayFor(datatype: Datatype, length: number): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  return datatype === "FP32" ? new Float32Array(length) : new Float64Array(length);
}

/** Of a body that was read before: whether what stands there is the data of its input, and of nothing else. */
function isDataOfInput(bytes: Uint8Array, start: number, end: number): boolean {
  const [head, tail] = [bytes.subarray(0, start), bytes.subarray(end)].map((part) => Buffer.from(part).toString("utf8"));
  const marked = JSON.parse(`${head}"\\u0001"${tail}`) as { readonly inputs: readonly [{ readonly data: unknown }] };
  return marked.inputs[0].data === "\u0001";
}

function responseForm(response: InferenceResponse, body: RestInferenceBody, isBinary: boolean): ResponseForm | undefined {
  const likeness = likenessOf(response);
  if (!likeness) return undefined;
  const text = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.jsonLength ?? body.bytes.length).toString("utf8");
  const head = isBinary ? text : text.slice(0, text.lastIndexOf("["));
  return head.length > longestTextBytes ? undefined : { likeness, isBinary, head, headBytes: Buffer.from(head) };
}

function filled({ head, headBytes, isBinary }: ResponseForm, output: FixedTensor): RestInferenceBody {
  if (!isBinary) return { bytes: Buffer.from(`${head}${tensorToJson(output)}}]}`, "utf8"), jsonLength: undefined };
  const bytes = Buffer.allocUnsafe(headBytes.length + output.bytes.length);
  bytes.set(headBytes);
  bytes.set(output.bytes, headBytes.length);
  return { bytes, jsonLength: headBytes.length };
}
