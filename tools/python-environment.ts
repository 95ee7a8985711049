/** Python environments for tests and benches: real clients and peers from PyPI, one environment a set of packages, kept in `.cache`. Never used by the product. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, root } from "./repository.ts";

/** Name of an environment. */
export type PythonEnvironment = "tritonclient" | "kserve" | "kserve-onnx" | "onnxruntime" | "mlserver" | "litserve" | "perf_analyzer";

/** Packages of each environment, pinned. */
const environments: Readonly<Record<PythonEnvironment, readonly string[]>> = {
  tritonclient: ["tritonclient[all]==2.73.0", "grpcio==1.85.1", "protobuf==6.33.6", "numpy<3", "ml_dtypes==0.5.4"],
  kserve: ["kserve==0.21.0", "kubernetes==33.1.0", "h2==4.4.1"],
  "kserve-onnx": ["kserve==0.21.0", "kubernetes==33.1.0", "h2==4.4.1", "onnxruntime==1.30.0"],
  onnxruntime: ["onnxruntime==1.30.0", "numpy<3"],
  // The last release whose program runs with glibc before 2.38; it wants CUDA's runtime even where there is no such device.
  perf_analyzer: ["tritonclient==2.50.0", "nvidia-cuda-runtime-cu12==12.9.79"],
  litserve: [
    "litserve==0.2.19",
    "uvicorn==0.54.0",
    "starlette==1.10.0",
    "fastapi==0.165.0",
    "uvloop==0.23.0",
    "onnxruntime==1.30.0",
    "numpy<3",
  ],
  mlserver: ["mlserver==1.7.1", "uvloop==0.21.0", "onnxruntime==1.30.0"],
};

/** What an environment consists of, as `NAME==VERSION`. */
export function pinnedPackages(name: PythonEnvironment): readonly string[] {
  return environments[name];
}

/** Path of the environment's Python; the environment is made on first use. Throws with pip's words when it cannot be. */
export async function pythonOf(name: PythonEnvironment): Promise<string> {
  const packages = environments[name];
  const key = createHash("sha256").update(packages.join("\n")).digest("hex").slice(0, 12);
  const folder = join(root, ".cache", "python", `${name}-${key}`);
  const python = join(folder, "bin", "python");
  if (existsSync(join(folder, "complete"))) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, ".cache", "python"), { recursive: true });
  await succeed("python3", ["-m", "venv", folder]);
  await succeed(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  writeFileSync(join(folder, "complete"), packages.join("\n"));
  return python;
}

async function succeed(command: string, args: readonly string[]): Promise<void> {
  const { status, output } = await capture(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${output.slice(-2000)}`);
}
