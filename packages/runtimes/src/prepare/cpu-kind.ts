/** The kind of this machine's processor, as far as ONNX Runtime's choice of kernels depends on it: prepared copies are valid for one kind. */
import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import { sha256 } from "@modelyard/core";

/** For example `x64-1f3a5c7e9b02`: architecture and a digest of the model name and the instruction set flags. */
export function cpuKind(): string {
  const model = cpus()[0]?.model ?? "unknown";
  return `${arch()}-${sha256(`${model}\n${instructionFlags()}`).slice(0, 12)}`;
}

function instructionFlags(): string {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    return line.split(" ").toSorted().join(" ");
  } catch {
    // Not Linux: the model name has to do.
    return "";
  }
}
