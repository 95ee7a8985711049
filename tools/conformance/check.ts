/** What a conformance check is: data about it, and what it sends and wants. */
import type { TestGrpcClient } from "@modelyard/gateway/testing";

/** Where a check sends to. */
export interface Subject {
  /** `http://host:port` of the REST side. */
  readonly rest: string;
  readonly grpc: TestGrpcClient;
  /** `host:port` of the gRPC side, for checks that open connections of their own. */
  readonly grpcAddress: string;
  /** A model of the digits network: `Input3` FP32 [1,1,28,28] to `Plus214_Output_0` FP32 [1,10]. */
  readonly model: string;
  /** Name of the model that gives `IN` back as `OUT`, of one datatype and shape [-1]. */
  readonly identity: (datatype: string) => string;
  /** Model that gives `A` FP32 [-1,-1] back as `OUT_A` and `B` INT64 [-1] as `OUT_B`. */
  readonly pair: string;
}

/** Every outcome of a check. */
export const outcomes = ["pass", "fail", "unsupported", "skip"] as const;

/** What a check found. `unsupported`: the server says itself that it does not do this. `skip`: the server lacks the model it needs. */
export interface Finding {
  readonly outcome: (typeof outcomes)[number];
  readonly expected: string;
  readonly actual: string;
}

/** What came, and whether that is it. */
export interface Outcome {
  readonly actual: string;
  readonly isRight: boolean;
  readonly isUnsupported?: boolean;
  /** Whether a wrong request was refused, only not by the status or code that is wanted. Default false. */
  readonly isRefused?: boolean;
}

/** One check. */
export interface Check {
  readonly id: string;
  /** Section of the protocol. */
  readonly section: string;
  readonly protocol: "REST" | "gRPC";
  /** Whether it sends something that has to be refused. */
  readonly isWrong: boolean;
  readonly expected: string;
  /** Why it asks for more than the protocol and its extensions say; absent where they say it. */
  readonly ours?: string | undefined;
  /** Extension it is about, by the name that the server metadata lists: a server that does not list it need not pass. */
  readonly extension?: string | undefined;
  /** Model it needs beside the digits network. */
  readonly needs?: ((subject: Subject) => string) | undefined;
  readonly run: (subject: Subject) => Promise<Outcome>;
}
