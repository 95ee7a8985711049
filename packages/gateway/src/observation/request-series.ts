/**
 * The time series of one kind of request on one face. Hot path: a request costs an addition or a bucket each.
 *
 * ModelMesh's dashboards look for its own names; those that are true here are kept for inferences, with its labels and its buckets: `method` is the
 * gRPC method whichever face a request came by, `code` the gRPC code.
 */
import type { Code, Counter, Histogram, Metrics } from "@modelyard/core";
import type { Face, RequestKind } from "../request-counters.ts";

/** What is known of a request when it was answered. */
export interface RequestFigures {
  readonly code: Code | "OK";
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The series of a kind of request. */
export interface RequestSeries {
  ended(figures: RequestFigures): void;
}

const seconds: readonly number[] = Array.from({ length: 23 }, (_, power) => 25e-6 * 2 ** power);
const modelMeshMilliseconds: readonly number[] = [
  0.5, 1, 2, 5, 10, 20, 50, 75, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000,
];
const modelMeshBytes: readonly number[] = Array.from({ length: 8 }, (_, power) => 128 * 4 ** power);
const batchSizes: readonly number[] = Array.from({ length: 11 }, (_, power) => 2 ** power);
const inferMethod = "inference.GRPCInferenceService/ModelInfer";

/** Opens the series of one kind of request. */
export function openRequestSeries(metrics: Metrics, protocol: Face, method: RequestKind): RequestSeries {
  const labels = { protocol, method };
  const duration = metrics.histogram("modelyard_request_duration_seconds", seconds, labels);
  const bytesIn = metrics.counter("modelyard_request_bytes_total", labels);
  const bytesOut = metrics.counter("modelyard_response_bytes_total", labels);
  const modelMesh = method === "infer" ? new ModelMeshSeries(metrics) : undefined;
  return new OpenSeries(duration, { bytesIn, bytesOut, modelMesh });
}

/** How long requests wait for their turn with a model. ModelMesh's name. */
export function openQueueDelay(metrics: Metrics): Histogram {
  return metrics.histogram("modelmesh_req_queue_delay_milliseconds", modelMeshMilliseconds);
}

/** How long models take to run, for requests that were answered. ModelMesh's name and labels. */
export function openInvokeTime(metrics: Metrics): Histogram {
  return metrics.histogram("modelmesh_invoke_model_milliseconds", modelMeshMilliseconds, { method: inferMethod, code: "OK" });
}

/** How much ran as one: its count is that of runs, its sum that of inferences. */
export function openBatchSize(metrics: Metrics): Histogram {
  return metrics.histogram("modelyard_batch_size", batchSizes);
}

interface OtherSeries {
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
  readonly modelMesh: RequestSeries | undefined;
}

class OpenSeries implements RequestSeries {
  readonly #duration: Histogram;
  readonly #others: OtherSeries;

  constructor(duration: Histogram, others: OtherSeries) {
    this.#duration = duration;
    this.#others = others;
  }

  ended(figures: RequestFigures): void {
    const { bytesIn, bytesOut, modelMesh } = this.#others;
    this.#duration.observe(figures.durationMs / 1000);
    bytesIn.add(figures.bytesIn);
    bytesOut.add(figures.bytesOut);
    modelMesh?.ended(figures);
  }
}

interface ModelMeshHistograms {
  readonly milliseconds: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

class ModelMeshSeries implements RequestSeries {
  readonly #metrics: Metrics;
  readonly #ok: ModelMeshHistograms;
  readonly #byCode = new Map<Code | "OK", ModelMeshHistograms>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#ok = this.#open("OK");
  }

  ended({ code, durationMs, bytesIn, bytesOut }: RequestFigures): void {
    const histograms = code === "OK" ? this.#ok : (this.#byCode.get(code) ?? this.#open(code));
    histograms.milliseconds.observe(durationMs);
    histograms.requestBytes.observe(bytesIn);
    histograms.responseBytes.observe(bytesOut);
  }

  #open(code: Code | "OK"): ModelMeshHistograms {
    const labels = { method: inferMethod, code };
    const histograms = {
      milliseconds: this.#metrics.histogram("modelmesh_api_request_milliseconds", modelMeshMilliseconds, labels),
      requestBytes: this.#metrics.histogram("modelmesh_request_size_bytes", modelMeshBytes, labels),
      responseBytes: this.#metrics.histogram("modelmesh_response_size_bytes", modelMeshBytes, labels),
    };
    this.#byCode.set(code, histograms);
    return histograms;
  }
}
