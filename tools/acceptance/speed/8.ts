/** The check of what the serving process reaches holds, and fails for each kind of library that must not get in. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, files, root } from "../../repository.ts";
import type { Measurement, PointContext } from "../point.ts";

/** What is planted: a library of each kind, each in another package that serve reaches. */
const plants: readonly { readonly kind: string; readonly library: string; readonly path: string }[] = [
  { kind: "schema", library: "zod", path: "packages/codec/src/tensor-json.ts" },
  { kind: "HTTP", library: "fastify", path: "packages/gateway/src/gateway.ts" },
  { kind: "gRPC", library: "@grpc/grpc-js", path: "packages/wire/src/grpc/server-call.ts" },
  { kind: "metrics", library: "prom-client", path: "packages/mesh/src/mesh-metrics.ts" },
  { kind: "S3", library: "@aws-sdk/client-s3", path: "packages/runtimes/src/workers/run-worker.ts" },
];

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const copy = join(folder, "repository");
  for (const path of files("packages/*/src/**/*.ts", "packages/*/package.json", "tools/**/*.ts", "package.json")) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const clean = await layers(copy);
  say(`as it is: ${clean.output.trim()}`);
  const missed: string[] = [];
  for (const { kind, library, path } of plants) {
    const file = join(copy, path);
    const source = readFileSync(file, "utf8");
    writeFileSync(file, `import "${library}";\n${source}`);
    const { status, output } = await layers(copy);
    const isFound = status !== 0 && output.includes(path) && output.includes(library);
    say(`${kind} library ${library} in ${path}: ${isFound ? "found" : "not found"}`);
    if (!isFound) missed.push(`${library} in ${path} was not found: ${output.trim().slice(0, 300)}`);
    writeFileSync(file, source);
  }
  const measured = `the check ${clean.status === 0 ? "holds" : "fails"} (${clean.output.trim()}); ${plants.length - missed.length} of ${plants.length} planted imports found`;
  return { measured, holds: clean.status === 0 && missed.length === 0, details: missed };
}

function layers(copy: string): ReturnType<typeof capture> {
  return capture(process.execPath, ["--conditions=modelyard-source", join(copy, "tools/check.ts"), "layers"]);
}
