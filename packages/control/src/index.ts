/**
 * The control plane: a Kubernetes-style API server over the store, and the reconcilers that make the mesh serve what objects ask for.
 * Nothing here is reached by the serving process.
 */
export type { ApiServerLimits } from "./api-server/api-server.ts";
export type { AccessOptions } from "./authentication/open-front-door.ts";
export type { Control, ControlOptions } from "./control-options.ts";
export { startControl } from "./start-control.ts";
