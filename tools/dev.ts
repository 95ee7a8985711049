/** `npm run dev [-- ARGS]`: `modelyard up` from source, without a build. */
import { join } from "node:path";
import { root, run } from "./repository.ts";

process.exitCode = await run(process.execPath, [
  "--conditions=modelyard-source",
  join(root, "packages/cli/src/main.ts"),
  "up",
  ...process.argv.slice(2),
]);
