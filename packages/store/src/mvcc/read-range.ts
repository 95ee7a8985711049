/** Reads of the contract over the tables: which revisions may be read, and the shape of the answer. */
import { failure } from "@modelyard/core";
import type { RangeRequest, RangeResponse } from "../contract.ts";
import type { HistoryPage, HistoryRequest, MvccView } from "./tables.ts";

/** Answers a read; `STORE_COMPACTED` or `STORE_FUTURE_REVISION` for a revision that cannot be read. */
export function readRange(view: MvccView, request: RangeRequest): RangeResponse {
  checkReadable(view, request.revision);
  return { revision: view.revision, ...view.range(request) };
}

/** Refuses a revision that is compacted or not there yet; 0 and absent mean now. */
export function checkReadable(view: MvccView, revision: number | undefined): void {
  if (!revision) return;
  const { revision: currentRevision, compactedRevision } = view;
  if (revision > currentRevision) throw failure("STORE_FUTURE_REVISION", { revision, currentRevision });
  if (revision < compactedRevision) throw failure("STORE_COMPACTED", { revision, compactedRevision });
}

/** A part of history, or `STORE_COMPACTED` when some of it is gone. */
export function readHistory(view: MvccView, request: HistoryRequest): HistoryPage {
  const { compactedRevision } = view;
  if (request.from <= compactedRevision) throw failure("STORE_COMPACTED", { revision: request.from, compactedRevision });
  return view.history(request);
}
