/** `modelyard config`: every value and where it came from. */
import { configKeys, flagOf, variableOf } from "../config/keys.ts";
import { type ConfigFlags, loadConfig } from "../config/load-config.ts";
import type { Output } from "../output/output.ts";
import { formatTable } from "../output/table.ts";

/** Runs the command. */
export function showConfig(flags: ConfigFlags, output: Output): void {
  const { values } = loadConfig(flags);
  const described = values.map((one) => ({ ...one, meaning: configKeys[one.property].meaning }));
  const answer = Object.fromEntries(
    described.map(({ name, value, source, origin, meaning }) => [
      name,
      { value, source, origin, flag: flagOf(name), variable: variableOf(name), meaning },
    ]),
  );
  output.answer(answer, () =>
    formatTable(
      ["KEY", "VALUE", "FROM", "MEANING"],
      described.map((one) => [one.name, one.text, one.source === "default" ? "default" : one.origin, one.meaning]),
    ),
  );
}
