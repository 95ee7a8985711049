/** Follows the status of a service until it is about a deployment and says that it answers, or why it does not. */
import { type InferenceService, inferenceServiceKind } from "@modelyard/api";
import { type Clock, failure, sleep } from "@modelyard/core";
import type { ResourceClient } from "@modelyard/resources";
import { formatBytes } from "../config/units.ts";
import type { Output } from "../output/output.ts";
import { progressDisplay } from "./progress-display.ts";

/** What is awaited. */
export interface AwaitedDeployment {
  readonly client: ResourceClient;
  readonly key: { readonly namespace: string; readonly name: string };
  /** Name for messages. */
  readonly name: string;
  /** Value of the refetch annotation that this deployment set. */
  readonly refetch: string;
  readonly limitMs: number;
}

/** What waiting needs. */
export interface AwaitDeps {
  readonly clock: Clock;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** How far a deployment is. */
export type DeploymentProgress =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly cause: string; readonly why: string; readonly next: string }
  | { readonly kind: "waiting"; readonly stage: string };

/** Resolves with the service when it answers. Rejects with `DEPLOY_FAILED`, `DEPLOY_TIMED_OUT`, or the reason of the signal. */
export async function awaitDeployment(awaited: AwaitedDeployment, deps: AwaitDeps): Promise<InferenceService> {
  const { name, limitMs } = awaited;
  const shown = progressDisplay(deps.output, name);
  const giveUp = new AbortController();
  const expire = (): void => giveUp.abort(failure("DEPLOY_TIMED_OUT", { name, limit: `${limitMs / 1_000} s`, state: shown.last() }));
  const timer = deps.clock.setTimer(limitMs, expire);
  const signal = AbortSignal.any([deps.signal, giveUp.signal]);
  try {
    for await (const service of states(awaited, deps.clock, signal)) {
      const progress = progressOf(service, awaited.refetch);
      if (progress.kind === "ready") return service;
      if (progress.kind === "failed") throw failure("DEPLOY_FAILED", { name, ...progress });
      shown.show(progress.stage);
    }
    signal.throwIfAborted();
    throw failure("CANCELLED", { what: `The deployment of "${name}", whose service was deleted,` });
  } finally {
    timer.cancel();
    deps.output.live("");
  }
}

/** What a status says of the deployment that set `refetch`. */
export function progressOf(service: InferenceService, refetch: string): DeploymentProgress {
  const { modelyard, conditions = [], modelStatus } = service.status ?? {};
  if (modelyard?.refetch !== refetch) return { kind: "waiting", stage: "accepted" };
  const { failure: failed, stage, doneBytes, totalBytes, revision, targetRevision, digest } = modelyard;
  if (failed && !failed.retryable) {
    return { kind: "failed", cause: failed.reason, why: failed.message, next: failed.hint };
  }
  if (failed) return { kind: "waiting", stage: `${failed.message}; trying again` };
  if (stage !== undefined) return { kind: "waiting", stage: stageText(stage, doneBytes, totalBytes) };
  const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  const isSettled = revision !== undefined && targetRevision === undefined && digest !== undefined;
  return isReady && isSettled && modelStatus?.transitionStatus === "UpToDate" ? { kind: "ready" } : { kind: "waiting", stage: "scheduled" };
}

function stageText(stage: string, doneBytes: number | undefined, totalBytes: number | undefined): string {
  if (doneBytes === undefined) return stage;
  if (totalBytes === undefined || totalBytes === 0) return `${stage} ${formatBytes(doneBytes)}`;
  return `${stage} ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} (${Math.floor((100 * doneBytes) / totalBytes)} %)`;
}

const retryMs = 500;

/** The states of the service as they come, from the present one on; over control's restarts. Ends when it is deleted or the signal aborts. */
async function* states({ client, key }: AwaitedDeployment, clock: Clock, signal: AbortSignal): AsyncGenerator<InferenceService> {
  const selection = { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}`, signal };
  while (!signal.aborted) {
    try {
      for await (const { type, object } of client.watch(inferenceServiceKind, selection)) {
        if (type === "DELETED") return;
        if (type !== "BOOKMARK") yield object;
      }
    } catch (error) {
      // Ended by the signal, or the server is away for a moment: it is started again by its supervisor.
      if (!signal.aborted && !isPassing(error)) throw error;
    }
    if (!signal.aborted) await sleep(clock, retryMs, signal).catch(() => {});
  }
}

function isPassing(error: unknown): boolean {
  const reason = typeof error === "object" && error !== null && "reason" in error ? error.reason : undefined;
  return reason === "API_UNREACHABLE" || reason === "RESOURCE_EXPIRED" || reason === "UNAVAILABLE";
}
