/**
 * Structured log as a port: a constant message and fields, one JSON object a line. Field names come from the glossary.
 * An error is logged once, where it is handled; its `internal` facts and causes appear here and nowhere else.
 */
import type { Clock } from "./clock.ts";
import { PlatformError } from "./platform-error.ts";

/** Severity, lowest first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields of a record. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where records go. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** Logs a failure with its reason, stack and causes. */
  error(message: string, error: unknown, fields?: LogFields): void;
  /** A log that adds `fields` to each record. */
  with(fields: LogFields): Log;
}

const severities: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** Options of {@link jsonLog}. */
export interface JsonLogOptions {
  readonly clock: Clock;
  /** Receives each line, newline included. */
  readonly write: (line: string) => void;
  /** Lowest severity that is written. Default `info`. */
  readonly level?: LogLevel;
  /** On every record. Default none. */
  readonly fields?: LogFields;
}

/** A log that writes JSON lines. */
export function jsonLog(options: JsonLogOptions): Log {
  const { clock, write, level = "info", fields: base = {} } = options;
  const emit = (severity: LogLevel, message: string, fields: LogFields): void => {
    if (severities[severity] < severities[level]) return;
    const record = { time: new Date(clock.nowMs()).toISOString(), level: severity, message, ...base, ...fields };
    write(`${JSON.stringify(record, replaceBigInt)}\n`);
  };
  return {
    debug: (message, fields = {}) => emit("debug", message, fields),
    info: (message, fields = {}) => emit("info", message, fields),
    warn: (message, fields = {}) => emit("warn", message, fields),
    error: (message, error, fields = {}) => emit("error", message, { ...fields, error: describeError(error) }),
    with: (fields) => jsonLog({ ...options, fields: { ...base, ...fields } }),
  };
}

/** A log that drops everything. */
export function silentLog(): Log {
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => log };
  return log;
}

/** What a log says of an error: its reason and internal facts where it has them, its stack, its causes (five at most). */
export function describeError(error: unknown, depth = 0): LogFields {
  if (!(error instanceof Error)) return { message: String(error) };
  const own = PlatformError.is(error) ? { reason: error.reason, code: error.code, internal: error.internal } : {};
  const cause = error.cause !== undefined && depth < 5 ? { cause: describeError(error.cause, depth + 1) } : {};
  return { message: error.message, ...own, stack: error.stack, ...cause };
}

function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
