/** An inference by KServe's version 1 of the protocol. */
import {
  type InferenceRequest,
  type InferenceResponse,
  readV1PredictRequest,
  type V1PredictRequest,
  writeV1PredictResponse,
} from "@modelyard/codec";
import type { ModelSignature } from "@modelyard/runtimes";
import { okHead } from "./json-response.ts";
import { RestCall, type RestCallAnswer, type RestCallInit } from "./rest-call.ts";

/** One prediction. Its form is only known with the model's signature, so it is read when that is. */
export class V1PredictCall extends RestCall {
  readonly deadlineMs = undefined;
  #body: Uint8Array;
  #request: V1PredictRequest | undefined;

  constructor(init: RestCallInit) {
    super(init);
    this.#body = init.body;
  }

  request(signature: ModelSignature): InferenceRequest {
    this.#request ??= readV1PredictRequest(this.#body, signature.inputs);
    return this.#request;
  }

  keep(): void {
    this.#body = new Uint8Array(this.#body);
  }

  protected write(response: InferenceResponse): RestCallAnswer {
    const form = this.#request?.form ?? "rows";
    return { head: okHead, body: Buffer.from(writeV1PredictResponse(response, form)) };
  }
}
