/**
 * An inference over REST.
 *
 * Hot path. Budget: 0.3 µs a request; what the body says is read by the form of those before it.
 */
import { type InferenceRequest, type InferenceResponse, type RestInferenceRequest, type RestInferForm } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { type ResponseHead, responseHead } from "@modelyard/wire";
import { formsOf } from "../inference/connection-forms.ts";
import { deadlineMsOf } from "../inference/request-timeout.ts";
import { jsonLengthHeader } from "../routing/rest-target.ts";
import { okHead } from "./json-response.ts";
import { rawBodyRequest } from "./raw-body-request.ts";
import { RestCall, type RestCallAnswer, type RestCallInit } from "./rest-call.ts";

/** What a call is made of. */
export interface RestInferenceCallInit extends RestCallInit {
  /** Bytes of the body that are JSON; undefined: all of it; 0: it is one raw input. */
  readonly jsonLength: number | undefined;
  readonly binaryHeads: BinaryHeads;
  readonly clock: Clock;
}

/** One inference by version 2 of the protocol. */
export class RestInferenceCall extends RestCall {
  readonly deadlineMs: number | undefined;
  readonly #jsonLength: number | undefined;
  readonly #binaryHeads: BinaryHeads;
  readonly #form: RestInferForm;
  #body: Uint8Array;
  #request: RestInferenceRequest | undefined;

  /** Reads the request, as far as that needs no model; fails with a reason of `codec`. */
  constructor(init: RestInferenceCallInit) {
    super(init);
    this.#jsonLength = init.jsonLength;
    this.#binaryHeads = init.binaryHeads;
    this.#form = formsOf(init.exchange.connection).rest;
    this.#body = init.body;
    if (init.jsonLength !== 0) this.#request = this.#form.read(init.body, init.jsonLength);
    this.deadlineMs = deadlineMsOf(this.#request?.parameters, init.clock);
  }

  request(signature: ModelSignature): InferenceRequest {
    this.#request ??= rawBodyRequest(this.#body, signature);
    return this.#request;
  }

  keep(): void {
    // What was parsed from JSON refers to no buffer.
    if (this.#jsonLength === undefined) return;
    this.#body = new Uint8Array(this.#body);
    this.#request = this.#jsonLength === 0 ? undefined : this.#form.read(this.#body, this.#jsonLength);
  }

  protected write(response: InferenceResponse): RestCallAnswer {
    const request = this.#request;
    const isBinary = (index: number): boolean => request?.outputs[index]?.isBinary ?? request?.isBinaryByDefault ?? false;
    const { bytes: body, jsonLength } = this.#form.write(response, isBinary);
    return { head: jsonLength === undefined ? okHead : this.#binaryHeads.of(jsonLength), body };
  }
}

/** Heads of answers with binary data, by the length of their JSON: the answers of one model mostly have the same. */
export class BinaryHeads {
  readonly #heads = new Map<number, ResponseHead>();

  of(jsonLength: number): ResponseHead {
    const known = this.#heads.get(jsonLength);
    if (known) return known;
    const head = responseHead(200, [
      ["content-type", "application/octet-stream"],
      [jsonLengthHeader, String(jsonLength)],
    ]);
    if (this.#heads.size >= maxHeads) this.#heads.clear();
    this.#heads.set(jsonLength, head);
    return head;
  }
}

const maxHeads = 256;
