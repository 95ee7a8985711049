/** Checks of the services beside the protocol that gRPC tools ask: health and reflection, and what no service has. */
import { status } from "@grpc/grpc-js";
import type { Check, Subject } from "./check.ts";
import { converse } from "./grpc-conversation.ts";
import { callLimitMs, type GrpcAnswer, type GrpcRow, grpcCheck, saysUnsupported, shownAnswer, shownError } from "./grpc-exchange.ts";

const ours = "of gRPC, not of the protocol";
const inference = "inference.GRPCInferenceService";

const calls: readonly Omit<GrpcRow, "section">[] = [
  {
    id: "health-check",
    method: "grpc.health.v1.Health/Check",
    expected: "SERVING",
    ours,
    request: () => ({ service: "" }),
    wanted: { holds: isServing },
  },
  {
    id: "health-check-service",
    method: "grpc.health.v1.Health/Check",
    expected: "SERVING",
    ours,
    request: () => ({ service: inference }),
    wanted: { holds: isServing },
  },
  {
    id: "health-check-absent",
    method: "grpc.health.v1.Health/Check",
    expected: "NOT_FOUND",
    ours,
    request: () => ({ service: "absent.Service" }),
    wanted: { code: status.NOT_FOUND },
  },
  { id: "method-absent", method: "ModelForget", expected: "UNIMPLEMENTED", request: () => ({}), wanted: { code: status.UNIMPLEMENTED } },
  {
    id: "service-absent",
    method: "absent.Service/Call",
    expected: "UNIMPLEMENTED",
    request: () => ({}),
    wanted: { code: status.UNIMPLEMENTED },
  },
];

interface StreamRow {
  readonly id: string;
  readonly method: string;
  readonly expected: string;
  readonly isWrong?: boolean;
  readonly requests: readonly GrpcAnswer[];
  /** Messages after which the call is cancelled. */
  readonly atMost: number;
  readonly holds: (messages: readonly GrpcAnswer[]) => boolean;
}

const watch = "grpc.health.v1.Health/Watch";
const streams: readonly StreamRow[] = [
  {
    id: "health-watch",
    method: watch,
    expected: "SERVING at once",
    requests: [{ service: "" }],
    atMost: 1,
    holds: ([first]) => isServing(first),
  },
  {
    id: "health-watch-absent",
    method: watch,
    expected: "SERVICE_UNKNOWN",
    isWrong: true,
    requests: [{ service: "absent.Service" }],
    atMost: 1,
    holds: ([first]) => first?.["status"] === "SERVICE_UNKNOWN",
  },
  ...["v1", "v1alpha"].flatMap((version): readonly StreamRow[] => {
    const method = `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    return [
      {
        id: `reflection-${version}-list`,
        method,
        expected: "the inference service is among the services",
        requests: [{ list_services: "" }],
        atMost: 1,
        holds: ([first]) => JSON.stringify(first?.["list_services_response"] ?? {}).includes(inference),
      },
      {
        id: `reflection-${version}-symbol`,
        method,
        expected: "the file that has the service",
        requests: [{ file_containing_symbol: inference }],
        atMost: 1,
        holds: ([first]) => filesOf(first).some((file) => file.includes("ModelInferRequest")),
      },
      {
        id: `reflection-${version}-method`,
        method,
        expected: "the file that has the method",
        requests: [{ file_containing_symbol: `${inference}.ModelInfer` }],
        atMost: 1,
        holds: ([first]) => filesOf(first).length > 0,
      },
      {
        id: `reflection-${version}-absent`,
        method,
        expected: "an error of code 5 in the answer, and the stream goes on",
        isWrong: true,
        requests: [{ file_containing_symbol: "absent.Symbol" }, { list_services: "" }],
        atMost: 2,
        holds: ([first, second]) => errorCodeOf(first) === status.NOT_FOUND && "list_services_response" in (second ?? {}),
      },
    ];
  }),
];

/** Every check of these services. */
export const grpcServiceChecks: readonly Check[] = [
  ...calls.map((row) => grpcCheck({ ...row, section: "gRPC services" })),
  ...streams.map((row) => streamCheck(row)),
];

function streamCheck({ id, method, expected, isWrong = false, requests, atMost, holds }: StreamRow): Check {
  const run: Check["run"] = async ({ grpc }: Subject) => {
    const { messages, end } = await converse(grpc.open(method, { deadlineMs: callLimitMs }), requests, atMost);
    const actual = messages.length > 0 ? messages.map(shownAnswer).join(" ").slice(0, 200) : shownError(end);
    return { actual, isRight: holds(messages), isUnsupported: saysUnsupported(end) };
  };
  return { id: `grpc-${id}`, section: "gRPC services", protocol: "gRPC", isWrong, expected, ours, run };
}

function isServing(answer: GrpcAnswer | undefined): boolean {
  return answer?.["status"] === "SERVING";
}

function filesOf(answer: GrpcAnswer | undefined): readonly Buffer[] {
  const { file_descriptor_proto: files = [] } = (answer?.["file_descriptor_response"] ?? {}) as {
    readonly file_descriptor_proto?: readonly Buffer[];
  };
  return files;
}

function errorCodeOf(answer: GrpcAnswer | undefined): number {
  return Number((answer?.["error_response"] as GrpcAnswer | undefined)?.["error_code"]);
}
