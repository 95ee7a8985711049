/** Installs the programs written in Go that tests use into `.cache/go/bin`, so that none of them is skipped. Called by `.ci/run`, never by `npm test`. */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "../.cache/go/bin");

/** Name and module with its version. */
const programs = [
  ["h2spec", "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"],
  ["grpcurl", "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4"],
  ["ghz", "github.com/bojand/ghz/cmd/ghz@v0.93.0"],
  ["hey", "github.com/rakyll/hey@v0.1.5"],
] as const;

/** Where Go is when it was unpacked as its makers say and nobody put it in PATH. */
const usualFolder = "/usr/local/go/bin";

for (const [name, source] of programs) console.log(`install: ${name}: ${await install(name, source)}`);

async function install(name: string, source: string): Promise<string> {
  if (await isThere(join(folder, name))) return "there";
  try {
    await run("go", ["install", source], {
      env: { ...process.env, PATH: `${process.env["PATH"]}:${usualFolder}`, CGO_ENABLED: "0", GOBIN: folder },
    });
    return "installed";
  } catch (error) {
    return `missing (${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)})`;
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
