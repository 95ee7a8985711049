/**
 * The gRPC face: the calls of `inference.GRPCInferenceService`, by their paths.
 *
 * Hot path. Budget: 0.4 µs a call.
 */
import { failure, type Log, PlatformError, traceFacts } from "@modelyard/core";
import {
  type BodyConsumer,
  type Exchange,
  type GrpcCall,
  type GrpcMessageHandlers,
  type GrpcStreamingOptions,
  type GrpcUnaryOptions,
  grpcStreaming,
  grpcUnary,
} from "@modelyard/wire";
import { formsOf } from "../inference/connection-forms.ts";
import type { OutcomeSink } from "../inference/inference-call.ts";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import type { Waiter } from "../inference/request-life.ts";
import { resolveObserved } from "../observation/observed-exchange.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { RequestCounters, type RequestKind } from "../request-counters.ts";
import { type HeadMemo, headMemoOf } from "../routing/head-memo.ts";
import type { ModelReference, ResolvedModel } from "../routing/model-reference.ts";
import { extensionMethods } from "./extension-methods.ts";
import { GrpcInferenceCall } from "./grpc-inference-call.ts";
import { HealthService } from "./health/health-service.ts";
import { InferStream } from "./infer-stream.ts";
import { PacedReplies } from "./paced-replies.ts";
import { reflect } from "./reflection/reflect.ts";
import { readSymbolIndex, type SymbolIndex } from "./reflection/symbol-index.ts";
import { serverMethods } from "./server-methods.ts";
import type { UnaryMethod } from "./unary-method.ts";

const service = "/inference.GRPCInferenceService/";
const healthService = "/grpc.health.v1.Health/";
const reflectionMethods: readonly string[] = ["v1", "v1alpha"].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

/** A call that is being answered. */
interface Handling {
  readonly call: GrpcCall;
  readonly message: Uint8Array;
  readonly counters: RequestCounters;
}

/** Answers one call; what it throws becomes the call's status. */
type Method = (handling: Handling) => void | Promise<void>;

/** Takes one stream. */
type Stream = (call: GrpcCall, counters: RequestCounters) => GrpcMessageHandlers;

/** Answers gRPC requests. */
export class GrpcFace {
  readonly #options: ResolvedGatewayOptions;
  readonly #runner: InferenceRunner;
  readonly #log: Log;
  readonly #inferSink: OutcomeSink<GrpcCall>;
  readonly #countersByKind = new Map<RequestKind, RequestCounters>();
  readonly #methods: ReadonlyMap<string, GrpcUnaryOptions>;
  readonly #streams: ReadonlyMap<string, GrpcStreamingOptions>;
  /** Read when it is first asked for. */
  #symbols: SymbolIndex | undefined;
  readonly #unknown: GrpcUnaryOptions;
  readonly #refused: RequestCounters;

  constructor(options: ResolvedGatewayOptions, runner: InferenceRunner) {
    const { mesh, clock } = options;
    this.#options = options;
    this.#runner = runner;
    this.#log = options.log;
    const infer = this.#counters("infer");
    const health = new HealthService({ mesh, clock });
    this.#refused = this.#counters("unknown");
    this.#inferSink = { answered: () => infer.ok(), failed: (call, error) => this.#fail(call, infer, error) };
    this.#methods = new Map([
      [`${service}ModelInfer`, this.#method("infer", (handling) => this.#infer(handling))],
      ...[...serverMethods({ ...options, runner }), ...extensionMethods({ mesh, runner })].map((method) => this.#unary(service, method)),
      this.#unary(healthService, { name: "Check", kind: "health", answer: ({ message }) => health.check(message) }),
    ]);
    this.#streams = new Map([
      [`${service}ModelStreamInfer`, this.#stream("infer", (call, counters) => this.#inferStream(call, counters))],
      [
        `${healthService}Watch`,
        this.#stream("healthWatch", (call, counters) => health.watch(call, (error) => counters.failed(error.code))),
      ],
      ...reflectionMethods.map((path) => [path, this.#stream("reflection", (call, counters) => this.#reflection(call, counters))] as const),
    ]);
    this.#unknown = this.#method("unknown", ({ call }) => {
      throw failure("UNIMPLEMENTED", { what: `The method "${call.path.slice(0, longestShown)}"` });
    });
  }

  /** Takes a call over. */
  onRequest(exchange: Exchange): BodyConsumer {
    const { path } = exchange.head;
    const method = this.#methods.get(path);
    if (method) return grpcUnary(exchange, method);
    const stream = this.#streams.get(path);
    return stream ? grpcStreaming(exchange, stream) : grpcUnary(exchange, this.#unknown);
  }

  /** Refuses a call without looking at its messages. */
  refuse(exchange: Exchange, error: PlatformError): BodyConsumer {
    const { clock, limits } = this.#options;
    const onCall = (call: GrpcCall): GrpcMessageHandlers => {
      this.#fail(call, this.#refused, error);
      return noMessages;
    };
    return grpcStreaming(exchange, { clock, maxMessageBytes: limits.maxBodyBytes, onCall });
  }

  /** One for all methods of a kind: a series is made once. */
  #counters(kind: RequestKind): RequestCounters {
    const known = this.#countersByKind.get(kind);
    if (known) return known;
    const counters = new RequestCounters(this.#options.metrics, "grpc", kind);
    this.#countersByKind.set(kind, counters);
    return counters;
  }

  #method(kind: RequestKind, method: Method): GrpcUnaryOptions {
    const counters = this.#counters(kind);
    return {
      clock: this.#options.clock,
      maxMessageBytes: this.#options.limits.maxBodyBytes,
      onCall: (call, message) => {
        const handling = { call, message, counters };
        try {
          const { refusal } = this.#memoOf(call);
          if (refusal) throw refusal;
          const later = method(handling);
          if (later) later.catch((error: unknown) => this.#fail(call, counters, error));
        } catch (error) {
          this.#fail(call, counters, error);
        }
      },
    };
  }

  #stream(kind: RequestKind, open: Stream): GrpcStreamingOptions {
    const counters = this.#counters(kind);
    return {
      clock: this.#options.clock,
      maxMessageBytes: this.#options.limits.maxBodyBytes,
      onCall: (call) => {
        const { refusal } = this.#memoOf(call);
        if (!refusal) return open(call, counters);
        this.#fail(call, counters, refusal);
        return noMessages;
      },
    };
  }

  #unary(ofService: string, unary: UnaryMethod): readonly [path: string, options: GrpcUnaryOptions] {
    const method: Method = ({ call, message, counters }) => {
      const { namespace } = this.#memoOf(call);
      const resolve = (reference: ModelReference): ResolvedModel => resolveObserved(call.exchange, this.#options.mesh, reference);
      const waiter: Waiter = { deadlineMs: call.deadlineMs, onGone: (callback) => call.onCancel(callback) };
      const answering = unary.answer({ message, namespace, waiter, resolve });
      if (answering instanceof Promise) return answering.then((answered) => respond({ call, counters }, answered));
      return respond({ call, counters }, answering);
    };
    return [ofService + unary.name, this.#method(unary.kind, method)];
  }

  #inferStream(call: GrpcCall, counters: RequestCounters): InferStream {
    const { clock, mesh } = this.#options;
    const { namespace } = this.#memoOf(call);
    return new InferStream(call, {
      clock,
      runner: this.#runner,
      resolve: ({ modelName: model, modelVersion: version }) => resolveObserved(call.exchange, mesh, { namespace, model, version }),
      answered: () => counters.ok(),
      failed: (error) => this.#count(call, counters, error),
    });
  }

  #reflection(call: GrpcCall, counters: RequestCounters): PacedReplies {
    this.#symbols ??= readSymbolIndex();
    const symbols = this.#symbols;
    return new PacedReplies(call, {
      reply: (message) => reflect(symbols, message),
      onDone: (error) => (error ? this.#count(call, counters, error) : counters.ok()),
    });
  }

  #infer({ call, message }: Handling): void {
    const { mesh, clock } = this.#options;
    const { namespace } = this.#memoOf(call);
    const form = formsOf(call.exchange.connection).grpc;
    const request = form.read(message);
    const { modelName: model, modelVersion: version } = request;
    const resolved = resolveObserved(call.exchange, mesh, { namespace, model, version });
    this.#runner.start(new GrpcInferenceCall({ call, resolved, message, request, form, clock, sink: this.#inferSink }));
  }

  #memoOf(call: GrpcCall): HeadMemo {
    return headMemoOf(call.exchange, this.#options);
  }

  #fail(call: GrpcCall, counters: RequestCounters, cause: unknown): void {
    const error = PlatformError.from(cause);
    this.#count(call, counters, error);
    call.fail(error);
  }

  #count(call: GrpcCall, counters: RequestCounters, error: PlatformError): void {
    counters.failed(error.code);
    // gRPC has INTERNAL for bad framing too, which is the client's fault.
    const isOurs = error.code === "INTERNAL" && error.reason !== "GRPC_MALFORMED";
    if (isOurs) this.#log.error("A request failed", error, { protocol: "grpc", path: call.path, ...traceFacts(call.get("traceparent")) });
  }
}

function respond({ call, counters }: Pick<Handling, "call" | "counters">, answer: Uint8Array): void {
  call.respond(answer);
  counters.ok();
}

const longestShown = 200;
const noMessages: GrpcMessageHandlers = { onMessage() {}, onEnd() {} };
