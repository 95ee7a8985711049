/** The gRPC face: the calls of `inference.GRPCInferenceService`, by their paths. */
import {
  type MessageType,
  modelMetadataResponse,
  modelVersionRequest,
  readGrpcInferRequest,
  readMessage,
  readyResponse,
  serverLiveResponse,
  serverMetadataResponse,
  writeMessage,
} from "@modelyard/codec";
import { failure, type Log, PlatformError } from "@modelyard/core";
import {
  type BodyConsumer,
  type Exchange,
  type Field,
  type GrpcCall,
  type GrpcMessageHandlers,
  type GrpcStreamingOptions,
  type GrpcUnaryOptions,
  grpcStreaming,
  grpcUnary,
} from "@modelyard/wire";
import type { OutcomeSink } from "../inference/inference-call.ts";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { isModelReady, modelMetadataOf } from "../inference/model-metadata.ts";
import type { Waiter } from "../inference/request-life.ts";
import { resolveObserved } from "../observation/observed-exchange.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import { RequestCounters, type RequestKind } from "../request-counters.ts";
import { type HeadMemo, headMemoOf } from "../routing/head-memo.ts";
import type { ModelReference, ResolvedModel } from "../routing/model-reference.ts";
import { serverExtensions } from "../server-extensions.ts";
import { type ExtensionMethod, extensionMethods } from "./extension-methods.ts";
import { GrpcInferenceCall } from "./grpc-inference-call.ts";
import { HealthService } from "./health/health-service.ts";
import { InferStream } from "./infer-stream.ts";
import { PacedReplies } from "./paced-replies.ts";
import { reflect } from "./reflection/reflect.ts";
import { readSymbolIndex, type SymbolIndex } from "./reflection/symbol-index.ts";

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
    const { mesh, serverName: name, serverVersion: version } = options;
    this.#options = options;
    this.#runner = runner;
    this.#log = options.log;
    const infer = this.#counters("infer");
    const health = new HealthService({ mesh, clock: options.clock });
    this.#refused = this.#counters("unknown");
    this.#inferSink = { answered: () => infer.ok(), failed: (call, error) => this.#fail(call, infer, error) };
    this.#methods = new Map([
      [`${service}ModelInfer`, this.#method("infer", (handling) => this.#infer(handling))],
      [`${service}ServerLive`, this.#method("live", (handling) => respond(handling, serverLiveResponse, { live: true }))],
      [`${service}ServerReady`, this.#method("ready", (handling) => respond(handling, readyResponse, { ready: mesh.isReady }))],
      [
        `${service}ServerMetadata`,
        this.#method("server", (handling) => respond(handling, serverMetadataResponse, { name, version, extensions: serverExtensions })),
      ],
      [`${service}ModelReady`, this.#method("modelReady", (handling) => this.#modelReady(handling))],
      [`${service}ModelMetadata`, this.#method("modelMetadata", (handling) => this.#modelMetadata(handling))],
      ...extensionMethods({ mesh, runner }).map((method) => this.#extension(method)),
      [
        `${healthService}Check`,
        this.#method("ready", ({ call, message, counters }) => {
          call.respond(health.check(message));
          counters.ok();
        }),
      ],
    ]);
    this.#streams = new Map([
      [`${service}ModelStreamInfer`, this.#stream("infer", (call, counters) => this.#inferStream(call, counters))],
      [`${healthService}Watch`, this.#stream("ready", (call, counters) => health.watch(call, (error) => counters.failed(error.code)))],
      ...reflectionMethods.map((path) => [path, this.#stream("server", (call, counters) => this.#reflection(call, counters))] as const),
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

  #extension(extension: ExtensionMethod): readonly [path: string, options: GrpcUnaryOptions] {
    const method = async ({ call, message, counters }: Handling): Promise<void> => {
      const { namespace } = this.#memoOf(call);
      const resolve = (reference: ModelReference): ResolvedModel => resolveObserved(call.exchange, this.#options.mesh, reference);
      call.respond(await extension.answer({ message, namespace, waiter: waiterOf(call), resolve }));
      counters.ok();
    };
    return [service + extension.name, this.#method(extension.kind, method)];
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
    const request = readGrpcInferRequest(message);
    const { modelName: model, modelVersion: version } = request;
    const resolved = resolveObserved(call.exchange, mesh, { namespace: this.#memoOf(call).namespace, model, version });
    this.#runner.start(new GrpcInferenceCall({ call, resolved, message, request, clock, sink: this.#inferSink }));
  }

  /** What is not there is not ready: an answer, as Triton gives it, and no failure. Over REST the status says it. */
  #modelReady(handling: Handling): void {
    respond(handling, readyResponse, { ready: this.#isReady(handling) });
  }

  #isReady(handling: Handling): boolean {
    try {
      return isModelReady(this.#options.mesh, this.#resolve(handling));
    } catch (error) {
      if (PlatformError.is(error) && error.code === "NOT_FOUND") return false;
      throw error;
    }
  }

  async #modelMetadata(handling: Handling): Promise<void> {
    const deps = { mesh: this.#options.mesh, runner: this.#runner };
    const metadata = await modelMetadataOf(deps, this.#resolve(handling), waiterOf(handling.call));
    respond(handling, modelMetadataResponse, metadata);
  }

  #resolve({ call, message }: Handling): ResolvedModel {
    const { name: model, version } = readMessage(modelVersionRequest, message);
    return resolveObserved(call.exchange, this.#options.mesh, { namespace: this.#memoOf(call).namespace, model, version });
  }

  #memoOf(call: GrpcCall): HeadMemo {
    return headMemoOf(call.exchange, this.#options);
  }

  #fail(call: GrpcCall, counters: RequestCounters, cause: unknown): void {
    const error = PlatformError.from(cause);
    this.#count(call, counters, error);
    call.finish(error.code, error.message, trailersOf(error));
  }

  #count(call: GrpcCall, counters: RequestCounters, error: PlatformError): void {
    counters.failed(error.code);
    if (error.code === "INTERNAL") this.#log.error("A request failed", error, { protocol: "grpc", path: call.path });
  }
}

function waiterOf(call: GrpcCall): Waiter {
  return { deadlineMs: call.deadlineMs, onGone: (callback) => call.onCancel(callback) };
}

function respond<T>({ call, counters }: Handling, type: MessageType<T>, answer: T): void {
  call.respond(writeMessage(type, answer));
  counters.ok();
}

const longestShown = 200;
const noMessages: GrpcMessageHandlers = { onMessage() {}, onEnd() {} };

/** The reason for programs, and for how long a client that retries by itself should wait (gRPC A6). */
function trailersOf(error: PlatformError): readonly Field[] {
  const reason: Field = ["modelyard-reason", error.reason];
  return error.retryAfterMs === undefined ? [reason] : [reason, ["grpc-retry-pushback-ms", String(Math.ceil(error.retryAfterMs))]];
}
