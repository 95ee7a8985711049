/**
 * The one error class of the product. Every failure a caller can see is a reason of the catalogue; everything else becomes `INTERNAL`
 * at the edge, with its cause logged and never sent.
 */
import { type DetailsOf, entryOf, type Reason, reasons } from "./catalogue/index.ts";
import type { Code } from "./code.ts";

const brand = Symbol.for("modelyard.dev/PlatformError");

/** Options common to every error. */
export interface PlatformErrorExtras {
  readonly cause?: unknown;
  /** Facts for the log only; never serialised to a client. */
  readonly internal?: Readonly<Record<string, unknown>>;
  /** When a retry can help: how long to wait first, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** JSON form of an error as clients see it. */
export interface PublicError {
  readonly code: Code;
  readonly reason: Reason;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number>>;
  readonly retryable: boolean;
  readonly hint: string;
}

/** A failure with a stable reason, a public message and a canonical code. Build one with {@link failure}. */
export class PlatformError extends Error {
  readonly reason: Reason;
  readonly code: Code;
  readonly retryable: boolean;
  readonly hint: string;
  readonly details: Readonly<Record<string, string | number>>;
  readonly internal: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, details: Readonly<Record<string, string | number>>, extras: PlatformErrorExtras = {}) {
    const entry = entryOf(reason);
    super(fill(entry.template, details), extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = "PlatformError";
    this.reason = reason;
    this.code = entry.code;
    this.retryable = entry.retryable;
    this.hint = fill(entry.hint, details);
    this.details = details;
    this.internal = extras.internal ?? {};
    this.retryAfterMs = extras.retryAfterMs;
    // Marks instances across copies of this module.
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether a value is an error of this class, from this copy of the module or another. */
  static is(value: unknown): value is PlatformError {
    return typeof value === "object" && value !== null && brand in value;
  }

  /** The value itself when it is one of ours; else `INTERNAL` with the value as its cause, whose text stays out of the message. */
  static from(value: unknown): PlatformError {
    if (PlatformError.is(value)) return value;
    return new PlatformError("INTERNAL", {}, { cause: value });
  }

  /** What a client may see. */
  toPublic(): PublicError {
    const { code, reason, message, details, retryable, hint } = this;
    return { code, reason, message, details, retryable, hint };
  }
}

/**
 * Builds the error of a reason.
 *
 * @example throw failure("NOT_FOUND", { what: 'The model "digits"' });
 */
export function failure<R extends Reason>(reason: R, details: DetailsOf<R>, extras?: PlatformErrorExtras): PlatformError {
  return new PlatformError(reason, details, extras);
}

/** Rebuilds an error from its JSON form (for example a failure that another process recorded); unknown reasons become `INTERNAL`. */
export function failureFromPublic(value: {
  readonly reason: string;
  readonly details?: Readonly<Record<string, string | number>>;
}): PlatformError {
  const known = reasons.find((reason) => reason === value.reason);
  return known ? new PlatformError(known, value.details ?? {}) : new PlatformError("INTERNAL", {}, { internal: { recorded: value } });
}

function fill(template: string, details: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    return value === undefined ? whole : String(value);
  });
}
