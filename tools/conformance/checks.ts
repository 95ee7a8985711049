/** Every check, in the order of the protocol. */
import { binaryChecks } from "./binary-checks.ts";
import type { Check } from "./check.ts";
import { classificationChecks } from "./classification-checks.ts";
import { compressionChecks } from "./compression-checks.ts";
import { datatypeGrpcChecks } from "./datatype-grpc-checks.ts";
import { datatypeRestChecks } from "./datatype-rest-checks.ts";
import { descriptionChecks } from "./description-checks.ts";
import { grpcChecks } from "./grpc-checks.ts";
import { grpcExtensionChecks } from "./grpc-extension-checks.ts";
import { grpcServiceChecks } from "./grpc-service-checks.ts";
import { grpcStreamChecks } from "./grpc-stream-checks.ts";
import { grpcWebChecks } from "./grpc-web-checks.ts";
import { grpcWireChecks } from "./grpc-wire-checks.ts";
import { kserveChecks } from "./kserve-checks.ts";
import { leftOutChecks } from "./left-out-checks.ts";
import { pairGrpcChecks } from "./pair-grpc-checks.ts";
import { pairRestChecks } from "./pair-rest-checks.ts";
import { repositoryChecks } from "./repository-checks.ts";
import { restChecks } from "./rest-checks.ts";

/** All of them; ids are unique. */
export const checks: readonly Check[] = [
  ...restChecks,
  ...binaryChecks,
  ...pairRestChecks,
  ...classificationChecks,
  ...compressionChecks,
  ...repositoryChecks,
  ...descriptionChecks,
  ...kserveChecks,
  ...leftOutChecks,
  ...grpcChecks,
  ...pairGrpcChecks,
  ...grpcStreamChecks,
  ...grpcExtensionChecks,
  ...grpcServiceChecks,
  ...grpcWireChecks,
  ...grpcWebChecks,
  ...datatypeRestChecks,
  ...datatypeGrpcChecks,
];
