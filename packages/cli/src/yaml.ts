/** YAML, loaded by the first who reads or writes some: loading it is a quarter of what a command takes to start, and `up` waits for it three times. */
import { createRequire } from "node:module";
import type * as Yaml from "yaml";

const require = createRequire(import.meta.url);

/** The library. */
export function yaml(): typeof Yaml {
  // The types are those of the same package.
  return require("yaml") as typeof Yaml;
}
