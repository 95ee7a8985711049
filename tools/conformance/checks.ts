/** Every check, in the order of the protocol. */
import { binaryChecks } from "./binary-checks.ts";
import type { Check } from "./check.ts";
import { datatypeGrpcChecks } from "./datatype-grpc-checks.ts";
import { datatypeRestChecks } from "./datatype-rest-checks.ts";
import { extensionChecks } from "./extension-checks.ts";
import { grpcChecks } from "./grpc-checks.ts";
import { restChecks } from "./rest-checks.ts";

/** All of them; ids are unique. */
export const checks: readonly Check[] = [
  ...restChecks,
  ...binaryChecks,
  ...extensionChecks,
  ...grpcChecks,
  ...datatypeRestChecks,
  ...datatypeGrpcChecks,
];
