/** Makes ONNX Runtime's error texts fit for users: one line, no paths of this machine or of its build, not too long. */

const maxLength = 500;

/** The reason inside an error of ONNX Runtime. */
export function ortReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const plain = text
    .replaceAll(/\s+/g, " ")
    // "/onnxruntime_src/onnxruntime/core/x.cc:97 const T& f() [with T = U] text": where it was thrown in its own source.
    .replaceAll(/\S*onnxruntime_src\/\S+?:\d+ (?:[^()]*\([^()]*\)(?: const)?(?: \[with [^\]]*\])?\s?)?/g, "")
    // Absolute paths: only the file's name says something to the reader, and names of our own cache do not.
    .replaceAll(/(?:Load model from )?(?:\/[^\s/:'"]+){2,}/g, (path) => (path.startsWith("Load model") ? "Loading" : baseName(path)))
    .trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength)}…` : plain;
}

/** Whether it says that memory was refused. */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /bad_alloc|Failed to allocate memory|Array buffer allocation failed/i.test(text);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
