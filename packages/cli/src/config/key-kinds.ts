/** The kinds of keys: how a value is written, read and shown. */
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

/** What a default may depend on. */
export interface MachineFacts {
  readonly memoryBytes: number;
  /** `~/.local/share/modelyard`, in a clone of the repository its `.modelyard`. */
  readonly dataDir: string;
}

/** A key. */
export interface ConfigKey<T extends string | number> {
  /** As written in the file; the flag and the environment variable are derived from it. */
  readonly name: string;
  /** One sentence with unit and range, for help and `modelyard config`. */
  readonly meaning: string;
  /** Shown in help in the place of the value. */
  readonly placeholder: string;
  readonly defaultOf: (machine: MachineFacts) => T;
  /** The value of a text; undefined when it is not one. */
  readonly parse: (text: string) => T | undefined;
  /** What `parse` accepts, for messages. */
  readonly wanted: string;
  /** As people read it. */
  readonly format: (value: T) => string;
  /** Whether a relative value starts at the working folder. Default: no. */
  readonly isPath?: true;
}

/** What a key of any kind is made from. */
export type KeyOptions<T extends string | number> = Pick<ConfigKey<T>, "name" | "meaning" | "defaultOf">;

/** Makes kinds of keys whose values are whole numbers of a range. */
export function numberKeys(range: {
  readonly min: number;
  readonly max: number;
  readonly placeholder: string;
}): (options: KeyOptions<number>) => ConfigKey<number> {
  const { min, max, placeholder } = range;
  return (options) => ({
    ...options,
    placeholder,
    parse: (text) => (/^\d+$/.test(text.trim()) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
    wanted: `a whole number from ${min} to ${max}`,
    format: String,
  });
}

/** A text that is not empty. */
export function textKey(options: KeyOptions<string> & { readonly placeholder: string }): ConfigKey<string> {
  return { ...options, parse: (text) => (text.trim() === "" ? undefined : text), wanted: "a text", format: String };
}

/** A file that need not be given: empty when it is not. */
export function fileKey(options: Omit<KeyOptions<string>, "defaultOf">): ConfigKey<string> {
  return {
    ...options,
    placeholder: "FILE",
    defaultOf: () => "",
    parse: (text) => text.trim(),
    wanted: "a path",
    format: String,
    isPath: true,
  };
}

/** Options of {@link choiceKey}. */
export interface ChoiceOptions<T extends string> extends KeyOptions<T> {
  readonly choices: readonly T[];
  /** Default: the choices. */
  readonly placeholder?: string;
}

/** One of some words. */
export function choiceKey<T extends string>(options: ChoiceOptions<T>): ConfigKey<T> {
  return {
    ...options,
    placeholder: options.placeholder ?? options.choices.join("|"),
    parse: (text) => options.choices.find((choice) => choice === text),
    wanted: `one of ${options.choices.join(", ")}`,
    format: String,
  };
}

/** A size in bytes. */
export function bytesKey(options: KeyOptions<number> & { readonly minBytes: number }): ConfigKey<number> {
  return {
    ...options,
    placeholder: "BYTES",
    parse(text) {
      const bytes = parseBytes(text);
      return bytes !== undefined && bytes >= options.minBytes ? bytes : undefined;
    },
    wanted: `a size of at least ${formatBytes(options.minBytes)}, such as 512MiB, 2Gi or 1000000000`,
    format: formatBytes,
  };
}

/** A duration in milliseconds. */
export function durationKey(options: KeyOptions<number> & { readonly minMs: number }): ConfigKey<number> {
  return {
    ...options,
    placeholder: "DURATION",
    parse(text) {
      const durationMs = parseDuration(text);
      return durationMs !== undefined && durationMs >= options.minMs ? durationMs : undefined;
    },
    wanted: `a duration of at least ${formatDuration(options.minMs)}, such as 500ms, 30s or 2m`,
    format: formatDuration,
  };
}
