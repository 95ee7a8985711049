/**
 * Layers: which package may import which, and what each program may reach at run time. The tables are those of the design; imports go down only,
 * and what a program can reach is what it costs and what must be trusted.
 */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { files, read, root } from "../repository.ts";
import { importsOf, type Module, packageModules } from "./modules.ts";
import type { CheckResult } from "./result.ts";

/** From the top; parts on one line never import each other. */
const layers: readonly (readonly string[])[] = [
  ["cli"],
  ["gateway", "control"],
  ["pipeline", "services", "science"],
  ["mesh", "runs"],
  ["runtimes", "convert"],
  ["engines", "inspect"],
  ["resources"],
  ["store", "onnx", "objects"],
  ["wire"],
  ["api", "codec"],
  ["core"],
];

interface Reach {
  readonly program: string;
  readonly entries: readonly string[];
  /** Packages, or `package/subpath`, that may be reached at run time. */
  readonly packages: readonly string[];
  readonly npm: readonly string[];
  /** Modules of Node that must not be imported: who needs one after all loads it then. */
  readonly notOfNode: readonly string[];
}

/** OpenSSL and what stands on it: 2 to 4 MiB of each process, where few speak TLS or have keys (decision 021). */
const openSsl = ["node:crypto", "node:tls", "node:https", "node:http2"];

const reaches: readonly Reach[] = [
  {
    program: "serve",
    // What it loads by address, not by import, is its own, too.
    entries: [
      "packages/cli/src/programs/serving-program.ts",
      "packages/runtimes/src/workers/run-worker.ts",
      "packages/runtimes/src/prepare/prepare-child.ts",
    ],
    packages: ["core", "codec", "wire", "onnx", "objects", "store", "runtimes", "mesh", "gateway"],
    npm: ["onnxruntime-node"],
    notOfNode: openSsl,
  },
  {
    program: "supervisor",
    entries: files("packages/cli/src/supervisor/*.ts").filter((path) => !path.endsWith(".test.ts")),
    packages: ["core"],
    npm: [],
    notOfNode: [],
  },
];

/** Runs the check. */
export function checkLayers(): CheckResult {
  const modules = packageModules();
  const downward = modules.flatMap((module) => upwardImports(module));
  const reached = reaches.flatMap((reach) => reachFindings(reach));
  const examined = modules.reduce((sum, module) => sum + module.imports.length, 0);
  return { name: "layers", examined, unit: "imports", floor: 2000, findings: [...downward, ...reached] };
}

function upwardImports(module: Module): readonly string[] {
  const own = module.path.split("/")[1] ?? "";
  const isTest = /\.test\.ts$|\/testing\/|\.bench\.ts$/.test(module.path);
  return module.imports.flatMap(({ specifier }) => {
    const target = /^@modelyard\/([a-z]+)/.exec(specifier)?.[1];
    if (!target || target === own || allowed(own, target) || isTest) return [];
    return [`${module.path}: imports @modelyard/${target}, which is not below ${own}`];
  });
}

function allowed(from: string, to: string): boolean {
  return rank(from) < rank(to);
}

function rank(name: string): number {
  const found = layers.findIndex((line) => line.includes(name));
  if (found < 0) throw new Error(`The package "${name}" is in no layer: add it to tools/check/layers.ts`);
  return found;
}

function reachFindings(reach: Reach): readonly string[] {
  const seen = new Map<string, string>();
  const findings: string[] = [];
  const queue = reach.entries.map((path) => ({ path, from: reach.program }));
  if (queue.length === 0 || queue.some(({ path }) => !existsSync(join(root, path))))
    return [`${reach.program}: its entry is missing: ${reach.entries.join(", ")}`];
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next.path)) continue;
    seen.set(next.path, next.from);
    for (const { specifier, isRuntime } of importsOf(next.path)) {
      if (!isRuntime) continue;
      const step = follow(reach, { path: next.path, specifier });
      if (step.finding) findings.push(`${step.finding} (${chain(seen, next.path)})`);
      if (step.path) queue.push({ path: step.path, from: next.path });
    }
  }
  return findings;
}

function follow(
  reach: Reach,
  edge: { readonly path: string; readonly specifier: string },
): { readonly path?: string; readonly finding?: string } {
  const { path, specifier } = edge;
  if (specifier.startsWith(".")) return { path: normalize(join(dirname(path), specifier)) };
  if (specifier.startsWith("#")) return {};
  if (specifier.startsWith("node:")) return reach.notOfNode.includes(specifier) ? { finding: `${reach.program} reaches ${specifier}` } : {};
  const own = /^@modelyard\/([a-z]+)(\/.+)?$/.exec(specifier);
  if (!own)
    return reach.npm.includes(specifier.split("/")[0] ?? "") ? {} : { finding: `${reach.program} reaches the package "${specifier}"` };
  const [, name = "", subpath = ""] = own;
  if (!reach.packages.includes(name + subpath)) return { finding: `${reach.program} reaches ${specifier}` };
  const manifest = JSON.parse(read(`packages/${name}/package.json`)) as { exports: Record<string, { "modelyard-source": string }> };
  const entry = manifest.exports[`.${subpath}`]?.["modelyard-source"];
  return entry ? { path: normalize(join("packages", name, entry)) } : { finding: `${path}: ${specifier} is not exported` };
}

function chain(seen: ReadonlyMap<string, string>, path: string): string {
  const steps = [path];
  for (let at = seen.get(path); at && seen.has(at); at = seen.get(at)) steps.unshift(at);
  return steps.join(" > ");
}
