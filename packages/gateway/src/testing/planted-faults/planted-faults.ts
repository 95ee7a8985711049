/** Every fault that can be planted, one at a time, to see whether a suite notices it. */
import { grpcFaults } from "./grpc-faults.ts";
import { meshFaults } from "./mesh-faults.ts";
import { modelFaults } from "./model-faults.ts";
import type { PlantedFault } from "./planted-fault.ts";
import { restFaults } from "./rest-faults.ts";

/** The table; names are unique. */
export const plantedFaults: readonly PlantedFault[] = [
  ...modelFaults,
  ...meshFaults,
  ...restFaults,
  ...grpcFaults.map((fault) => ({ ...fault, isOfGrpc: true })),
];
