/** What a server's bytes say: a label for each answer, for the histogram, and what must never happen. */

/** The answers on one connection. */
export interface Answers {
  /** In the order they came, for example `http1 400`, `grpc OK`, `reset CANCEL`. */
  readonly labels: readonly string[];
  /** What is wrong with them whatever was asked. */
  readonly problems: readonly string[];
}

/** Statuses of failures that are answers, not faults of the server: not implemented, not ready, too late, other version. */
const answeredFailures: ReadonlySet<number> = new Set([501, 503, 504, 505]);

/** The label of an answer with a status; with its reason where the server is to blame. */
export function statusLabel(protocol: string, status: number, body: string): string {
  const reason = status >= 500 ? /"reason":"([A-Z_]+)"/.exec(body)?.[1] : undefined;
  return `${protocol} ${status}${reason === undefined ? "" : ` ${reason}`}`;
}

/** What is wrong with a status: that of an error nobody foresaw. */
export function statusProblems(status: number, body: string): readonly string[] {
  return status >= 500 && !answeredFailures.has(status) ? [`answered ${status}: ${body.slice(0, 300)}`] : [];
}
