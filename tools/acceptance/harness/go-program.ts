/** Programs written in Go that `tools/install-go-tools.ts` installs. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "../../repository.ts";

/** Path of the program: where the tools script put it, or in `PATH`; undefined when it is not installed. */
export function findGoProgram(name: string): string | undefined {
  const folders = [join(root, ".cache/go/bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
