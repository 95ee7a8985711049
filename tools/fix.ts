/** `npm run fix`: formats, and writes again what is generated. Leaves no diff on a clean tree; CI holds it to that. */
import { writeErrorsPage } from "./errors-page.ts";
import { writeDescriptors } from "./file-descriptors.ts";
import { program, run } from "./repository.ts";

writeErrorsPage();
writeDescriptors();
process.exitCode = await run(program("biome"), ["check", "--write", "--log-level=warn", "."]);
