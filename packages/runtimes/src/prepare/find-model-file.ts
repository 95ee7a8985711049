/** Which file of an artifact is the ONNX graph. */
import { failure } from "@modelyard/core";
import type { ArtifactFile } from "@modelyard/objects";

/**
 * The only file; else the only `.onnx` file; else the `model.onnx` nearest to the root (the layout of Triton repositories, `1/model.onnx`, included).
 * Throws `MODEL_LOAD_FAILED` when none or several qualify.
 */
export function findModelFile(files: readonly ArtifactFile[]): ArtifactFile {
  const [first, ...rest] = files;
  if (first && rest.length === 0) return first;
  const graphs = files.filter((file) => file.path.toLowerCase().endsWith(".onnx"));
  const named = graphs.filter((file) => baseName(file.path) === "model.onnx").toSorted((a, b) => depth(a.path) - depth(b.path));
  const [only, second] = graphs.length === 1 ? graphs : named;
  if (only && (!second || depth(only.path) < depth(second.path))) return only;
  const found =
    graphs.length === 0
      ? "none"
      : graphs
          .slice(0, 5)
          .map((file) => `"${file.path}"`)
          .join(", ");
  throw failure("MODEL_LOAD_FAILED", {
    why: `the artifact of ${files.length} files needs exactly one .onnx file or a model.onnx, and holds ${found}`,
  });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase();
}

function depth(path: string): number {
  return path.split("/").length;
}
