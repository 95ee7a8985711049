/** Collects findings up to a limit, so that a file with a million faults does not fill the memory with their descriptions. */
import type { Finding } from "../finding.ts";

/** Most findings of one check. */
const maxFindings = 100;

/** Where checks put what they find. */
export class Report {
  readonly #findings: Finding[] = [];

  /** What was found, in the order of the file, at most {@link maxFindings}. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Whether nothing more is taken. */
  get isFull(): boolean {
    return this.#findings.length >= maxFindings;
  }

  /** Records what keeps the model from being served. */
  error(kind: Finding["kind"], path: string, message: string): void {
    this.#add({ kind, severity: "error", path, message });
  }

  /** Records what the reader should know. */
  warn(kind: Finding["kind"], path: string, message: string): void {
    this.#add({ kind, severity: "warning", path, message });
  }

  #add(finding: Finding): void {
    if (!this.isFull) this.#findings.push(finding);
  }
}
