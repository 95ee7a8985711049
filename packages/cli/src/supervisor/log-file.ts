/**
 * The output of a process in a file that cannot grow without end: `NAME.log`, and older parts `NAME.1.log` (newest) to `NAME.N.log`.
 * Writes are synchronous, so that the last words of a dying process are on disk before its exit is handled.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Options of {@link openLogFile}. */
export interface LogFileOptions {
  readonly dir: string;
  /** Base name, without `.log`. */
  readonly name: string;
  /** Size at which a new part begins. Default 8 MiB. */
  readonly maxPartBytes?: number;
  /** Older parts kept. Default 3. */
  readonly maxOldParts?: number;
}

/** An open log. */
export interface LogFile {
  readonly path: string;
  write(chunk: Uint8Array | string): void;
  /** Idempotent. */
  close(): void;
}

/** Opens the log for appending; what it holds stays. */
export function openLogFile(options: LogFileOptions): LogFile {
  const { dir, name, maxPartBytes = 8 * 2 ** 20, maxOldParts = 3 } = options;
  const path = join(dir, `${name}.log`);
  const part = (index: number): string => (index === 0 ? path : join(dir, `${name}.${index}.log`));
  let descriptor: number | undefined = openSync(path, "a", 0o600);
  let sizeBytes = fstatSync(descriptor).size;

  const rotate = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    for (let index = maxOldParts; index > 0; index--) renameIfThere(part(index - 1), part(index));
    descriptor = openSync(path, maxOldParts > 0 ? "a" : "w", 0o600);
    sizeBytes = 0;
  };
  return {
    path,
    write(chunk) {
      if (descriptor === undefined) return;
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      if (sizeBytes > 0 && sizeBytes + bytes.length > maxPartBytes) rotate();
      try {
        sizeBytes += writeSync(descriptor, bytes);
      } catch {
        // A full disk costs log records, never the service.
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
