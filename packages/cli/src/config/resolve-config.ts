/**
 * The configuration: flag, then environment, then file, then default. Read once, checked, frozen; every value knows where it came from.
 * No I/O here: what was read is passed in.
 */
import { resolve } from "node:path";
import { failure } from "@modelyard/core";
import { checkSecurity } from "./check-security.ts";
import type { ConfigKey, MachineFacts } from "./key-kinds.ts";
import { type Config, type ConfigProperty, configKeys, flagOf, variableOf } from "./keys.ts";

/** Where a value came from. */
export type ConfigSource = "flag" | "environment" | "file" | "default";

/** A value and its origin. */
export interface ConfigValue {
  readonly property: ConfigProperty;
  /** Name of the key. */
  readonly name: string;
  readonly value: string | number;
  /** The value as people read it. */
  readonly text: string;
  readonly source: ConfigSource;
  /** For messages: `--port`, `MODELYARD_PORT`, `port in /…/config.yaml`, `the default of port`. */
  readonly origin: string;
}

/** Configuration as resolved. */
export interface ResolvedConfig {
  readonly config: Config;
  readonly values: readonly ConfigValue[];
}

/** The configuration file as parsed. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Everything a configuration is made from. */
export interface ConfigInputs {
  /** Flags by key name. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly machine: MachineFacts;
  /** Relative paths start here. */
  readonly workingDir: string;
  readonly file?: ConfigFile | undefined;
}

const entries = Object.entries(configKeys) as readonly (readonly [ConfigProperty, ConfigKey<string | number>])[];

/** Throws `CONFIG_…` or `ADDRESS_REFUSED`. */
export function resolveConfig(inputs: ConfigInputs): ResolvedConfig {
  if (inputs.file) checkFileKeys(inputs.file);
  const values = entries.map(([property, key]) => resolveKey(property, key, inputs));
  // One entry for each key of the table, each value made by the key's own parser.
  const config = Object.freeze(Object.fromEntries(values.map((one): [string, unknown] => [one.property, one.value]))) as unknown as Config;
  checkTogether(config, values, inputs);
  return { config, values };
}

function resolveKey(property: ConfigProperty, key: ConfigKey<string | number>, inputs: ConfigInputs): ConfigValue {
  const { name } = key;
  const of = (value: string | number, source: ConfigSource, origin: string): ConfigValue => {
    return { property, name, value, text: key.format(value), source, origin };
  };
  const found = firstGiven(name, inputs);
  if (!found) return of(key.defaultOf(inputs.machine), "default", `the default of ${name}`);
  const value = key.parse(found.text);
  if (value === undefined) throw failure("CONFIG_INVALID", { origin: found.origin, current: `"${found.text}"`, wanted: key.wanted });
  const isRelative = key.isPath === true && value !== "";
  return of(isRelative ? resolve(inputs.workingDir, String(value)) : value, found.source, found.origin);
}

interface Given {
  readonly text: string;
  readonly source: ConfigSource;
  readonly origin: string;
}

function firstGiven(name: string, { flags, environment, file }: ConfigInputs): Given | undefined {
  const flag = flags[name];
  if (flag !== undefined) return { text: flag, source: "flag", origin: flagOf(name) };
  const variable = environment[variableOf(name)];
  if (variable !== undefined && variable !== "") return { text: variable, source: "environment", origin: variableOf(name) };
  const written = file?.content[name];
  if (file === undefined || written === undefined || written === null) return undefined;
  const origin = `${name} in ${file.path}`;
  if (typeof written === "string" || typeof written === "number") return { text: String(written), source: "file", origin };
  throw failure("CONFIG_INVALID", { origin, current: JSON.stringify(written), wanted: "a text or a number" });
}

function checkFileKeys(file: ConfigFile): void {
  const known = entries.map(([, key]) => key.name);
  const unknown = Object.keys(file.content).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = known.find((name) => name.toLowerCase() === unknown.replaceAll(/[-_]/g, "").toLowerCase());
  const suggestion = near ? `Write "${near}"` : `Remove it; known keys: ${known.join(", ")}`;
  throw failure("CONFIG_UNKNOWN_KEY", { file: file.path, key: unknown, suggestion });
}

function checkTogether(config: Config, values: readonly ConfigValue[], { file }: ConfigInputs): void {
  const originOf = (property: ConfigProperty): string => {
    const one = values.find((value) => value.property === property);
    if (!one) return property;
    return `${one.value === "" ? `no ${one.name}` : `${one.name} ${one.value}`} (${one.origin})`;
  };
  checkSecurity(config, originOf);
  for (const [one, other] of [
    ["port", "controlPort"],
    ["port", "metricsPort"],
    ["controlPort", "metricsPort"],
  ] as const) {
    // The metrics port that nobody chose gives way.
    const givesWay = other === "metricsPort" && !isChosen(other, values);
    if (config[one] === 0 || config[one] !== config[other] || givesWay) continue;
    throw failure("CONFIG_CONTRADICTION", { first: originOf(one), second: originOf(other), why: "are the same port" });
  }
  const data = values.find((value) => value.property === "dataDir");
  const inFile = file?.content["data"];
  if (typeof inFile === "string" && file && data?.source !== "file" && resolve(inFile) !== config.dataDir) {
    const second = `data ${inFile} (data in ${file.path})`;
    throw failure("CONFIG_CONTRADICTION", { first: originOf("dataDir"), second, why: "name two folders" });
  }
}

/** Whether somebody chose a value: it is not the default. */
export function isChosen(property: ConfigProperty, values: readonly ConfigValue[]): boolean {
  return values.some((one) => one.property === property && one.source !== "default");
}
