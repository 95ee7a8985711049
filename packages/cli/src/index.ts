/** Modelyard for embedding: the whole server inside another program. The command is `modelyard`. */
export { type Modelyard, type ModelyardOptions, startModelyard } from "./programs/embedded.ts";
