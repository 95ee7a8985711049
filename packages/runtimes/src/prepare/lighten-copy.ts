/** Takes out of an optimised graph what every load would read for nothing. */
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { parseModel, withoutDerived, writeModel } from "@modelyard/onnx";
import { measuredAboveBytes } from "../size/estimate-size.ts";

/**
 * Rewrites the graph at `path`; a large one stays as it is: its weights decide what a load takes, and what it takes is measured, which a load before
 * would spoil. `opens` rejects for a graph that cannot be loaded, and then the file stays, too: an operator that does not say what it gives needs the
 * types that are stated.
 */
export async function lightenCopy(path: string, opens: (path: string) => Promise<void>): Promise<void> {
  if ((await stat(path)).size > measuredAboveBytes) return;
  const lightPath = `${path}.light`;
  await writeFile(lightPath, writeModel(withoutDerived(parseModel(await readFile(path)))));
  try {
    await opens(lightPath);
  } catch {
    // As it was optimised it is known to load, only with more effort.
    await rm(lightPath);
    return;
  }
  await rename(lightPath, path);
}
