/** `npm run build`: compiles every package to its `dist`, and puts the programs of the command together. */
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.ts";
import { program, run } from "./repository.ts";

/** Compiles and bundles; resolves with the exit status of the compiler. */
export async function build(): Promise<number> {
  const started = performance.now();
  const status = await run(program("tsc"), ["-b"]);
  if (status === 0) await bundle();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(status === 0 ? `build: done in ${seconds} s` : `build: failed after ${seconds} s, see above`);
  return status;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await build();
