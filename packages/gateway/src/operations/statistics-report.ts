/** The statistics extension's answer, for both protocol faces; nanoseconds as the extension has them. Source: Triton's statistics extension. */
import type { Mesh, ServedRevision, ServiceRoute } from "@modelyard/mesh";
import { findRevision, findRoute, type ModelReference } from "../routing/model-reference.ts";
import { type DurationStatistics, type ModelStatistics, RevisionStatistics } from "./model-statistics.ts";

/** Count and total time. */
export interface StatisticDuration {
  readonly count: number;
  /** Nanoseconds, a whole number. */
  readonly ns: number;
}

/** Where the time of inferences went. Nothing is cached here, so the cache is never hit or missed. */
export interface InferStatistics {
  readonly success: StatisticDuration;
  readonly fail: StatisticDuration;
  readonly queue: StatisticDuration;
  readonly computeInput: StatisticDuration;
  readonly computeInfer: StatisticDuration;
  readonly computeOutput: StatisticDuration;
  readonly cacheHit: StatisticDuration;
  readonly cacheMiss: StatisticDuration;
}

/** Statistics of one batch size. */
export interface InferBatchStatistics {
  readonly batchSize: number;
  readonly computeInput: StatisticDuration;
  readonly computeInfer: StatisticDuration;
  readonly computeOutput: StatisticDuration;
}

/** Statistics of one revision since the process started. */
export interface ModelStatisticsReport {
  readonly name: string;
  readonly version: string;
  /** ms since 1970; 0: none yet. */
  readonly lastInference: number;
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly inferenceStats: InferStatistics;
  readonly batchStats: readonly InferBatchStatistics[];
}

/** What {@link statisticsReports} is given. */
export interface StatisticsReportsDeps {
  readonly mesh: Mesh;
  readonly statistics: ModelStatistics;
}

/**
 * Statistics of a model: of one revision when the reference has a version, else of all; of every model of the namespace when its model is
 * empty. Fails with `MODEL_NOT_FOUND` and `MODEL_VERSION_NOT_FOUND`.
 */
export function statisticsReports(
  { mesh, statistics }: StatisticsReportsDeps,
  reference: ModelReference,
): readonly ModelStatisticsReport[] {
  const { namespace, model, version } = reference;
  const report = (route: ServiceRoute, { revision, modelId }: ServedRevision, name: string): ModelStatisticsReport =>
    reportOf(statistics.find(modelId) ?? new RevisionStatistics(), { name, version: String(revision) });
  if (model === "") return mesh.list(namespace).flatMap((route) => route.revisions.map((one) => report(route, one, route.modelName)));
  const route = findRoute(mesh, reference);
  const revisions = version === "" ? route.revisions : [findRevision(route, reference)];
  return revisions.map((one) => report(route, one, model));
}

function reportOf(statistics: RevisionStatistics, named: { readonly name: string; readonly version: string }): ModelStatisticsReport {
  return {
    ...named,
    lastInference: statistics.lastInferenceMs,
    inferenceCount: statistics.inferenceCount,
    executionCount: statistics.executionCount,
    inferenceStats: {
      success: nanoseconds(statistics.success),
      fail: nanoseconds(statistics.fail),
      queue: nanoseconds(statistics.queue),
      computeInput: nanoseconds(statistics.computeInput),
      computeInfer: nanoseconds(statistics.computeInfer),
      computeOutput: nanoseconds(statistics.computeOutput),
      cacheHit: never,
      cacheMiss: never,
    },
    batchStats: statistics.batches.map((batch) => ({
      batchSize: batch.batchSize,
      computeInput: nanoseconds(batch.computeInput),
      computeInfer: nanoseconds(batch.computeInfer),
      computeOutput: nanoseconds(batch.computeOutput),
    })),
  };
}

const never: StatisticDuration = { count: 0, ns: 0 };

function nanoseconds({ count, totalMs }: DurationStatistics): StatisticDuration {
  return { count, ns: Math.round(totalMs * 1e6) };
}
