/** Comma-separated values (RFC 4180): one row of the batch a line; a first line that is no data is the names of the columns. */
import { failure } from "@modelyard/core";
import type { InputData } from "./input-data.ts";
import type { TensorMetadata } from "./model-metadata.ts";

/** The data for each input by its name. Throws `INPUT_INVALID` or `INPUT_MISMATCH`. */
export function readCsv(text: string, inputs: readonly TensorMetadata[], source: string): ReadonlyMap<string, InputData> {
  const rows = parseCsv(text);
  const [first] = rows;
  if (!first) throw failure("INPUT_INVALID", { source, why: "it has no rows" });
  const namesInputs = inputs.every((input) => first.includes(input.name));
  const wantsNumbers = inputs.every(isNumeric);
  if (wantsNumbers && !namesInputs && !rows.slice(0, 2).some((row) => row.some(isValue)))
    throw failure("INPUT_INVALID", { source, why: "it is neither JSON, .npy, PNG, nor CSV of numbers" });
  const isNamed = namesInputs || (wantsNumbers && !first.every(isValue));
  const body = isNamed ? rows.slice(1) : rows;
  const ragged = body.findIndex((row) => row.length !== first.length);
  if (ragged >= 0)
    throw failure("INPUT_INVALID", {
      source,
      why: `row ${ragged + 1} has ${body[ragged]?.length ?? 0} values and the first ${first.length}`,
    });
  if (body.length === 0) throw failure("INPUT_INVALID", { source, why: "it has names of columns and no rows" });
  const [only, ...others] = inputs;
  if (only && others.length === 0) return new Map([[only.name, cells(body, only)]]);
  const unnamed = inputs.find((input) => !first.includes(input.name));
  if (unnamed)
    throw failure("INPUT_MISMATCH", { source, current: `the columns ${first.join(", ")}`, wanted: `one named "${unnamed.name}"` });
  return new Map(inputs.map((input) => [input.name, cells(columnOf(body, first.indexOf(input.name)), input)]));
}

function columnOf(rows: readonly (readonly string[])[], column: number): string[][] {
  return rows.map((row) => [row[column] ?? ""]);
}

function cells(rows: readonly (readonly string[])[], input: TensorMetadata): InputData {
  const elements = rows.flat().map((cell) => valueOf(cell, input));
  return { shape: [rows.length, rows[0]?.length ?? 0], elements };
}

function valueOf(cell: string, { datatype }: TensorMetadata): unknown {
  if (datatype === "BYTES") return cell;
  const text = cell.trim();
  if (datatype === "BOOL" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if ((datatype === "INT64" || datatype === "UINT64") && /^-?\d+$/.test(text)) return BigInt(text);
  return isNumber(text) ? Number(text) : text;
}

function isNumeric(input: TensorMetadata): boolean {
  return input.datatype !== "BYTES";
}

function isNumber(text: string): boolean {
  return text.trim() !== "" && !Number.isNaN(Number(text));
}

/** Whether a cell holds what an input that takes no strings could mean. */
function isValue(text: string): boolean {
  return isNumber(text) || /^(true|false|nan|[+-]?inf(inity)?)$/i.test(text.trim());
}

/** Rows of cells; quotes, doubled quotes and line ends within them as the RFC has it. Empty lines are left out. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  const endRow = (): void => {
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/g)) {
    if (end === "" && row.length === 0 && quoted === undefined && plain === "") break;
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end !== ",") endRow();
    if (end === "") break;
  }
  return rows;
}
