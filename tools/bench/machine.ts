/** What a run was measured on, and which versions of what. */
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { pinnedPackages } from "../python-environment.ts";
import { read, root } from "../repository.ts";

/** See the module. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Commit of this repository; `+` behind it when files differ from it. */
  readonly commit: string;
  /** Of peers, loads and ONNX Runtime on either side, by name; those that are not there are left out. */
  readonly versions: Readonly<Record<string, string>>;
}

/** This machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: `${printed("git", ["rev-parse", "--short=12", "HEAD"])}${printed("git", ["status", "--porcelain", "--untracked-files=no"]) === "" ? "" : "+"}`,
    versions: { ...ofNpm(), ...ofPython(), ...ofDebian() },
  };
}

function ofNpm(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    ["onnxruntime-node", "fastify"].map((name) => {
      const { version } = JSON.parse(read(`node_modules/${name}/package.json`)) as { readonly version: string };
      return [name, version];
    }),
  );
}

/** As they are pinned: what is installed is exactly that. */
function ofPython(): Readonly<Record<string, string>> {
  const pins = (["onnxruntime", "mlserver", "kserve-onnx", "litserve"] as const).flatMap((environment) =>
    pinnedPackages(environment).map((pin) => [environment, ...pin.split("==")] as const),
  );
  const shown = pins.filter(([environment, name]) => name === "onnxruntime" || name === environment.replace("-onnx", ""));
  return Object.fromEntries(
    shown.map(([environment, name, version = ""]) => [name === environment ? name : `${name} (${environment})`, version]),
  );
}

function ofDebian(): Readonly<Record<string, string>> {
  const programs = [
    ["nginx", "-v"],
    ["nghttpd", "--version"],
    ["h2load", "--version"],
    ["python3", "--version"],
  ] as const;
  return Object.fromEntries(
    programs.flatMap(([program, flag]) => {
      const version = /\d+\.[\d.]*\d/.exec(printed(program, [flag]));
      return version ? [[program, version[0]]] : [];
    }),
  );
}

/** Both streams; nothing where the program is not there. */
function printed(program: string, args: readonly string[]): string {
  try {
    return execFileSync("sh", ["-c", '"$0" "$@" 2>&1', program, ...args], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    // Not installed, or no repository: it is left out.
    return "";
  }
}
