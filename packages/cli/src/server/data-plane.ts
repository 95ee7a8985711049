/** The data plane as a command uses it: metadata and inference of one model, over REST. */
import { bytesOfTensor, type Tensor, tensorSizeBytes } from "@modelyard/codec";
import { failure, type PlatformError } from "@modelyard/core";
import type { Fetch } from "@modelyard/resources";
import { isRecord, type ModelMetadata, parseModelMetadata } from "../input/model-metadata.ts";
import type { PredictionInput } from "../input/read-input.ts";
import { type Prediction, parsePrediction } from "./prediction.ts";

/** Options of every call. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** With what the server wants to be shown. */
  readonly fetch: Fetch;
}

/** What a model takes and gives. `url` is that of the model: `http://127.0.0.1:8033/v2/models/digits`. */
export async function fetchMetadata(url: string, options: CallOptions): Promise<ModelMetadata> {
  const text = await call(url, {}, options);
  const metadata = parseModelMetadata(parseAnswer(text));
  if (!metadata) throw failure("SERVER_FAILED", { status: 200, why: `${url} answered with something that is no model's metadata` });
  return metadata;
}

/** One inference. */
export async function infer(url: string, input: PredictionInput, options: CallOptions): Promise<Prediction> {
  const request = input.kind === "request" ? jsonRequest(input.json) : binaryRequest(input.tensors);
  return parsePrediction(await call(`${url}/infer`, { method: "POST", ...request }, options));
}

interface Body {
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

function jsonRequest(json: string): Body {
  return { headers: { "content-type": "application/json" }, body: json };
}

/** The binary tensor extension: a JSON header, whose length a field of the request says, then the bytes of each input. */
function binaryRequest(tensors: readonly Tensor[]): Body {
  const inputs = tensors.map((tensor) => {
    const { name, datatype, shape } = tensor;
    return { name, datatype, shape, parameters: { binary_data_size: tensorSizeBytes(tensor) } };
  });
  const header = Buffer.from(JSON.stringify({ inputs }));
  const body = new Uint8Array(Buffer.concat([header, ...tensors.map(bytesOfTensor)]));
  return { headers: { "content-type": "application/octet-stream", "inference-header-content-length": String(header.length) }, body };
}

async function call(url: string, init: RequestInit, { fetch, signal }: CallOptions): Promise<string> {
  const response = await fetch(url, { ...init, signal }).catch((error: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw failure("SERVER_UNREACHABLE", { url: new URL(url).origin, why: causeOf(error) }, { cause: error });
  });
  const text = await response.text();
  if (response.ok) return text;
  throw failureOf(response.status, errorText(text));
}

/** `fetch` hides what went wrong in the cause of its error. */
function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message || String("code" in inner ? inner.code : inner.name) : String(inner);
}

function failureOf(status: number, why: string): PlatformError {
  if (status === 404) return failure("MODEL_NOT_SERVED", { why });
  if (status === 503 || status === 429) return failure("UNAVAILABLE", { what: "The model", why });
  if (status === 504 || status === 408) return failure("PREDICTION_TIMED_OUT", { why });
  return status < 500 ? failure("SERVER_REFUSED", { status, why }) : failure("SERVER_FAILED", { status, why });
}

function errorText(text: string): string {
  const value = parseAnswer(text);
  return isRecord(value) && typeof value["error"] === "string" ? value["error"] : text.trim().slice(0, 500);
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: shown as the text it is.
    return undefined;
  }
}
