/** What the REST face answers besides inferences: one function per address, over the operations that both faces share. */
import { assertNever } from "@modelyard/core";
import type { Exchange } from "@modelyard/wire";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { isModelReady, type ModelMetadataDeps, modelMetadataOf } from "../inference/model-metadata.ts";
import type { Waiter } from "../inference/request-life.ts";
import { loadModel, unloadModel } from "../operations/load-model.ts";
import { modelConfiguration } from "../operations/model-configuration.ts";
import { repositoryIndex } from "../operations/repository-index.ts";
import { statisticsReports } from "../operations/statistics-report.ts";
import type { ResolvedGatewayOptions } from "../options.ts";
import type { HeadMemo } from "../routing/head-memo.ts";
import type { AnsweredTarget } from "../routing/rest-target.ts";
import { serverExtensions } from "../server-extensions.ts";
import { openApiDocument } from "./openapi.ts";
import { readIndexRequest, readRepositoryRequest } from "./repository-body.ts";
import { snakeCase } from "./snake-case.ts";

/** Targets whose body is an inference. */
export type InferenceTarget = Extract<AnsweredTarget, { readonly kind: "infer" | "v1Predict" }>;
/** Targets whose body is a call of the model repository extension. */
export type RepositoryTarget = Extract<AnsweredTarget, { readonly kind: "repositoryIndex" | "repositoryLoad" | "repositoryUnload" }>;
/** Targets that need no body. */
export type PlainTarget = Exclude<AnsweredTarget, InferenceTarget | RepositoryTarget>;

/** Whether the body is an inference. */
export function isInference(target: AnsweredTarget): target is InferenceTarget {
  return target.kind === "infer" || target.kind === "v1Predict";
}

/** Whether the body is a call of the model repository extension. */
export function isRepository(target: AnsweredTarget): target is RepositoryTarget {
  return target.kind === "repositoryIndex" || target.kind === "repositoryLoad" || target.kind === "repositoryUnload";
}

/** An answer. */
export interface RestAnswer {
  /** Written as JSON. */
  readonly value: unknown;
  /** False: the answer is "not ready", status 503. */
  readonly isReady: boolean;
}

/** What is asked, and by whom. */
export interface PlainRequest {
  readonly exchange: Exchange;
  readonly memo: HeadMemo;
  readonly target: PlainTarget;
}

/** Answers what is no inference. */
export class RestOperations {
  readonly #options: ResolvedGatewayOptions;
  readonly #deps: ModelMetadataDeps;

  constructor(options: ResolvedGatewayOptions, runner: InferenceRunner) {
    this.#options = options;
    this.#deps = { mesh: options.mesh, runner };
  }

  /** Answers a request without a body; fails with a reason of the catalogue. */
  async answer({ exchange, memo, target }: PlainRequest): Promise<RestAnswer> {
    const { mesh, serverName, serverVersion } = this.#options;
    switch (target.kind) {
      case "alive":
        return ready({ status: "alive" });
      case "live":
        return ready({ live: true });
      case "ready":
        return { value: { ready: mesh.isReady }, isReady: mesh.isReady };
      case "server":
        return ready({ name: serverName, version: serverVersion, extensions: serverExtensions });
      case "openapi":
        return ready(openApiDocument({ title: `${serverName}: Open Inference Protocol over REST`, version: serverVersion }));
      case "models":
      case "v1Models":
        return ready({ models: mesh.list(target.namespace).map((route) => route.modelName) });
      case "modelReady":
      case "v1ModelReady": {
        const resolved = memo.resolve(mesh, target.reference);
        const isReady = isModelReady(mesh, resolved);
        return { value: { name: resolved.model, ready: isReady }, isReady };
      }
      case "modelMetadata":
        return ready(await modelMetadataOf(this.#deps, memo.resolve(mesh, target.reference), waiterOf(exchange)));
      case "modelConfiguration":
        return ready(snakeCase(await modelConfiguration(this.#deps, memo.resolve(mesh, target.reference), waiterOf(exchange))));
      case "modelStatistics":
        return ready({ model_stats: snakeCase(this.#statistics(target)) });
      default:
        return assertNever(target);
    }
  }

  /** Answers a call of the model repository extension. */
  async answerRepository(exchange: Exchange, target: RepositoryTarget, body: Uint8Array): Promise<RestAnswer> {
    if (target.kind === "repositoryIndex") {
      return ready(repositoryIndex(this.#options.mesh, { namespace: target.namespace, onlyReady: readIndexRequest(body) }));
    }
    const call = { reference: target.reference, parameters: readRepositoryRequest(body), waiter: waiterOf(exchange) };
    await (target.kind === "repositoryLoad" ? loadModel(this.#deps, call) : unloadModel(this.#deps, call));
    return ready({});
  }

  #statistics({ reference }: Extract<PlainTarget, { readonly kind: "modelStatistics" }>): unknown {
    const { mesh, runner } = this.#deps;
    return statisticsReports({ mesh, statistics: runner.statistics }, reference);
  }
}

function ready(value: unknown): RestAnswer {
  return { value, isReady: true };
}

function waiterOf(exchange: Exchange): Waiter {
  return { deadlineMs: undefined, onGone: (callback) => exchange.onAbort(callback) };
}
