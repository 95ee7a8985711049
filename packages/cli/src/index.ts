/** Modelyard for embedding: the whole server inside another program, and how Node is started for one. The command is `modelyard`. */
export { type Modelyard, type ModelyardOptions, startModelyard } from "./programs/embedded.ts";
export { servingNodeArguments } from "./programs/serving-node-arguments.ts";
