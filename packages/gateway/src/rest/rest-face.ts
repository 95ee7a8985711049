/** The REST face of the Open Inference Protocol v2: one function per address, decided when the head is first seen. */
import { assert, assertNever, failure, type Log, PlatformError } from "@modelyard/core";
import { type BodyConsumer, type Exchange, wholeBody } from "@modelyard/wire";
import type { OutcomeSink } from "../inference/inference-call.ts";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { isModelReady, modelMetadataOf } from "../inference/model-metadata.ts";
import type { Waiter } from "../inference/request-life.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { RequestCounters, type RequestKind } from "../request-counters.ts";
import type { HeadMemo } from "../routing/head-memo.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import type { RestTarget } from "../routing/rest-target.ts";
import { serverExtensions } from "../server-extensions.ts";
import { notReadyHead, okHead, respondError, respondJson } from "./json-response.ts";
import { BinaryHeads, RestInferenceCall } from "./rest-inference-call.ts";

type InferTarget = Extract<RestTarget, { readonly kind: "infer" }>;

const ignoredBody: BodyConsumer = { onData() {}, onEnd() {}, onAbort() {} };

/** Answers REST requests. */
export class RestFace {
  readonly #options: ResolvedGatewayOptions;
  readonly #runner: InferenceRunner;
  readonly #log: Log;
  readonly #inferSink: OutcomeSink<Exchange>;
  readonly #binaryHeads = new BinaryHeads();
  readonly #counters: Readonly<Record<RequestKind, RequestCounters>>;

  constructor(options: ResolvedGatewayOptions, runner: InferenceRunner) {
    this.#options = options;
    this.#runner = runner;
    this.#log = options.log;
    const counters = (kind: RequestKind): RequestCounters => new RequestCounters(options.metrics, "rest", kind);
    this.#counters = {
      live: counters("live"),
      ready: counters("ready"),
      server: counters("server"),
      models: counters("models"),
      modelMetadata: counters("modelMetadata"),
      modelReady: counters("modelReady"),
      infer: counters("infer"),
      unknown: counters("unknown"),
    };
    this.#inferSink = {
      answered: () => this.#counters.infer.ok(),
      failed: (exchange, error) => this.#fail(exchange, "infer", error),
    };
  }

  /** Answers a request, or takes its body first. */
  onRequest(exchange: Exchange, memo: HeadMemo): BodyConsumer {
    const { target } = memo;
    try {
      if (target.kind === "infer") return this.#infer(exchange, memo, target);
      this.#answer(exchange, memo);
    } catch (error) {
      this.#fail(exchange, target.kind === "refused" ? "unknown" : target.kind, error);
    }
    return ignoredBody;
  }

  /** Refuses a request without looking at its body. */
  refuse(exchange: Exchange, { target }: HeadMemo, error: PlatformError): BodyConsumer {
    this.#fail(exchange, target.kind === "refused" ? "unknown" : target.kind, error);
    return ignoredBody;
  }

  #answer(exchange: Exchange, memo: HeadMemo): void {
    const { mesh, serverName, serverVersion } = this.#options;
    const { target } = memo;
    switch (target.kind) {
      case "live":
        return this.#respond(exchange, target.kind, { live: true });
      case "ready":
        respondJson(exchange, { ready: mesh.isReady }, mesh.isReady ? okHead : notReadyHead);
        return this.#count(target.kind, mesh.isReady);
      case "server":
        return this.#respond(exchange, target.kind, { name: serverName, version: serverVersion, extensions: serverExtensions });
      case "models":
        return this.#respond(exchange, target.kind, { models: mesh.list(target.namespace).map((route) => route.modelName) });
      case "modelReady":
        return this.#modelReady(exchange, memo.resolve(mesh, target.reference));
      case "modelMetadata":
        void this.#modelMetadata(exchange, memo.resolve(mesh, target.reference));
        return undefined;
      case "refused":
        respondError(exchange, target.error, target.allow);
        return this.#counters.unknown.failed(target.error.code);
      case "infer":
        return undefined;
      default:
        return assertNever(target);
    }
  }

  #modelReady(exchange: Exchange, resolved: ResolvedModel): void {
    const ready = isModelReady(this.#options.mesh, resolved);
    respondJson(exchange, { name: resolved.model, ready }, ready ? okHead : notReadyHead);
    this.#count("modelReady", ready);
  }

  /** Never rejects: a failure is answered. */
  async #modelMetadata(exchange: Exchange, resolved: ResolvedModel): Promise<void> {
    try {
      const waiter: Waiter = { deadlineMs: undefined, onGone: (callback) => exchange.onAbort(callback) };
      this.#respond(exchange, "modelMetadata", await modelMetadataOf({ mesh: this.#options.mesh, runner: this.#runner }, resolved, waiter));
    } catch (error) {
      this.#fail(exchange, "modelMetadata", error);
    }
  }

  #infer(exchange: Exchange, memo: HeadMemo, target: InferTarget): BodyConsumer {
    const { mesh, limits } = this.#options;
    // An unknown model is refused before its body has arrived.
    memo.resolve(mesh, target.reference);
    return wholeBody(limits.maxBodyBytes, {
      onBody: (body) => this.#run(exchange, memo, body),
      onTooLarge: ({ details }) => {
        const { current = "larger", limit = limits.maxBodyBytes } = details;
        this.#fail(exchange, "infer", failure("BODY_TOO_LARGE", { current, limit }));
      },
    });
  }

  #run(exchange: Exchange, memo: HeadMemo, body: Uint8Array): void {
    const { target } = memo;
    assert(target.kind === "infer", "only the body of an inference is collected");
    try {
      // Again, as the route may have changed while the body arrived; from the memo when it has not.
      const resolved = memo.resolve(this.#options.mesh, target.reference);
      const { jsonLength } = target;
      const init = { exchange, resolved, body, jsonLength, binaryHeads: this.#binaryHeads, sink: this.#inferSink };
      this.#runner.start(new RestInferenceCall(init));
    } catch (error) {
      this.#fail(exchange, "infer", error);
    }
  }

  #respond(exchange: Exchange, kind: RequestKind, value: unknown): void {
    respondJson(exchange, value);
    this.#counters[kind].ok();
  }

  #count(kind: RequestKind, isReady: boolean): void {
    if (isReady) this.#counters[kind].ok();
    else this.#counters[kind].failed("UNAVAILABLE");
  }

  #fail(exchange: Exchange, kind: RequestKind, cause: unknown): void {
    const error = PlatformError.from(cause);
    this.#counters[kind].failed(error.code);
    if (error.code === "INTERNAL") this.#log.error("A request failed", error, { protocol: "rest", method: kind });
    respondError(exchange, error);
  }
}
