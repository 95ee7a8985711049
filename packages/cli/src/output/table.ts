/** Tables for people: columns as wide as their widest cell, two spaces between, no lines; the form `kubectl` and `docker` users read. */

/** A cell; absent values are shown as nothing. */
export type Cell = string | number | boolean | null | undefined;

/** Lines of a table, header first, without trailing spaces. */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => header.map((_, column) => cellText(row[column])));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => displayWidth(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Lines `name:  value`, values aligned; the form of `describe`. Absent values are left out. */
export function formatFields(fields: readonly (readonly [name: string, value: Cell])[], indent = ""): string {
  const shown = fields.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => displayWidth(name))) + 1;
  return shown.map(([name, value]) => `${indent}${pad(`${name}:`, width)}  ${cellText(value)}`).join("\n");
}

function cellText(cell: Cell): string {
  // A cell is one line whatever it holds: a control character would move the cursor of the terminal.
  return cell === null || cell === undefined ? "" : String(cell).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** Columns a text takes on a terminal, near enough: combining marks take none, East Asian wide characters two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
