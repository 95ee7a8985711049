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
import type { ResolvedModel } from "../routing/model-reference.ts";
import { serverExtensions } from "../server-extensions.ts";
import { GrpcInferenceCall } from "./grpc-inference-call.ts";

const service = "/inference.GRPCInferenceService/";

/** A call that is being answered. */
interface Handling {
  readonly call: GrpcCall;
  readonly message: Uint8Array;
  readonly counters: RequestCounters;
}

/** Answers one call; what it throws becomes the call's status. */
type Method = (handling: Handling) => void | Promise<void>;

/** Answers gRPC requests. */
export class GrpcFace {
  readonly #options: ResolvedGatewayOptions;
  readonly #runner: InferenceRunner;
  readonly #log: Log;
  readonly #inferSink: OutcomeSink<GrpcCall>;
  readonly #methods: ReadonlyMap<string, GrpcUnaryOptions>;
  readonly #unknown: GrpcUnaryOptions;
  readonly #refused: RequestCounters;

  constructor(options: ResolvedGatewayOptions, runner: InferenceRunner) {
    const { mesh, serverName: name, serverVersion: version } = options;
    this.#options = options;
    this.#runner = runner;
    this.#log = options.log;
    const infer = this.#counters("infer");
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
    ]);
    this.#unknown = this.#method("unknown", ({ call }) => {
      throw failure("UNIMPLEMENTED", { what: `The method "${call.path.slice(0, longestShown)}"` });
    });
  }

  /** Takes a call over. */
  onRequest(exchange: Exchange): BodyConsumer {
    return grpcUnary(exchange, this.#methods.get(exchange.head.path) ?? this.#unknown);
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

  #counters(kind: RequestKind): RequestCounters {
    return new RequestCounters(this.#options.metrics, "grpc", kind);
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

  #infer({ call, message }: Handling): void {
    const request = readGrpcInferRequest(message);
    const { modelName: model, modelVersion: version } = request;
    const resolved = resolveObserved(call.exchange, this.#options.mesh, { namespace: this.#memoOf(call).namespace, model, version });
    this.#runner.start(new GrpcInferenceCall({ call, resolved, message, request, sink: this.#inferSink }));
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
    const { call } = handling;
    const waiter: Waiter = { deadlineMs: call.deadlineMs, onGone: (callback) => call.onCancel(callback) };
    const metadata = await modelMetadataOf({ mesh: this.#options.mesh, runner: this.#runner }, this.#resolve(handling), waiter);
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
    counters.failed(error.code);
    if (error.code === "INTERNAL") this.#log.error("A request failed", error, { protocol: "grpc", path: call.path });
    call.finish(error.code, error.message, trailersOf(error));
  }
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
