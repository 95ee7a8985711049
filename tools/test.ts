/** `npm test [-- FILTER…]`: builds, then runs every test (or those whose file matches a filter). */
import { build } from "./build.ts";
import { program, run } from "./repository.ts";

const filters = process.argv.slice(2);
process.exitCode = (await build()) || (await run(program("vitest"), ["run", ...filters]));
