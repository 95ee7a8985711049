/** Counts of requests by protocol, method and outcome. A series is made when its outcome is first seen; after that counting is one addition. */
import type { Code, Counter, Metrics } from "@modelyard/core";

/** Face a request came by. */
export type Face = "rest" | "grpc";

/** What was asked, the same words for both faces. */
export type RequestKind =
  | "alive"
  | "live"
  | "ready"
  /** gRPC's own health service. */
  | "health"
  /** A stream of its answers. */
  | "healthWatch"
  | "reflection"
  | "server"
  | "openapi"
  | "models"
  | "modelMetadata"
  | "modelReady"
  | "modelConfiguration"
  | "modelStatistics"
  | "infer"
  /** A stream of inferences, whose time is that of the connection rather than of a request. */
  | "stream"
  | "repositoryIndex"
  | "repositoryLoad"
  | "repositoryUnload"
  | "v1Models"
  | "v1ModelReady"
  | "v1Predict"
  | "unknown";

/** The counters of one kind of request on one face. */
export class RequestCounters {
  readonly #metrics: Metrics;
  readonly #labels: { readonly protocol: Face; readonly method: RequestKind };
  readonly #byCode = new Map<Code | "OK", Counter>();
  readonly #ok: Counter;

  constructor(metrics: Metrics, protocol: Face, method: RequestKind) {
    this.#metrics = metrics;
    this.#labels = { protocol, method };
    this.#ok = this.#open("OK");
  }

  /** A request was answered. */
  ok(): void {
    this.#ok.add();
  }

  /** A request was refused, or failed. */
  failed(code: Code): void {
    (this.#byCode.get(code) ?? this.#open(code)).add();
  }

  #open(code: Code | "OK"): Counter {
    const counter = this.#metrics.counter("modelyard_requests_total", { ...this.#labels, code });
    this.#byCode.set(code, counter);
    return counter;
  }
}
