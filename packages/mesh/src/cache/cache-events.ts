/** What a cache tells of itself. */
import type { PlatformError } from "@modelyard/core";
import type { CrashReport, CrashVerdict, LoadStage } from "@modelyard/runtimes";
import type { CachedModel } from "./cached-model.ts";
import type { PendingLoad } from "./pending-load.ts";

/** Told what happens in the cache, synchronously. Must not throw. */
export interface CacheEvents {
  onLoadStarted(load: PendingLoad): void;
  onStage(load: PendingLoad, stage: LoadStage): void;
  /** The size of a model is known before its load, or given up on. */
  onSized(tookMs: number): void;
  onLoaded(load: PendingLoad, cached: CachedModel): void;
  /** The process of a model's own ended while it ran or was loaded. */
  onCrash(report: CrashReport): CrashVerdict;
  onLoadFailed(load: PendingLoad, error: PlatformError): void;
  /** A request has its answer, whatever it is. */
  onWaited(waitedMs: number): void;
  onEvicted(cached: CachedModel, reason: string): void;
  /** A try of an unload failed; there are more. */
  onUnloadAttemptFailed(): void;
  /** `isFreed` is false when the runtime refused to the end: its bytes stay charged. */
  onUnloaded(cached: CachedModel, outcome: { readonly isFreed: boolean; readonly tookMs: number }): void;
}
