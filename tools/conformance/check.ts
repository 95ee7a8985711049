/** What a conformance check is: data about it, and what it sends and wants. */
import type { Clients } from "../acceptance/harness/clients.ts";

/** Where a check sends to. */
export interface Subject {
  /** `http://host:port` of the REST side. */
  readonly rest: string;
  readonly grpc: Clients;
  /** A model of the digits network: `Input3` FP32 [1,1,28,28] to `Plus214_Output_0` FP32 [1,10]. */
  readonly model: string;
  /** Name of the model that gives `IN` back as `OUT`, of one datatype and shape [-1]. */
  readonly identity: (datatype: string) => string;
}

/** What a check found. `unsupported`: the server says itself that it does not do this. `skip`: the server lacks the model it needs. */
export interface Finding {
  readonly outcome: "pass" | "fail" | "unsupported" | "skip";
  readonly expected: string;
  readonly actual: string;
}

/** What came, and whether that is it. */
export interface Outcome {
  readonly actual: string;
  readonly isRight: boolean;
  readonly isUnsupported?: boolean;
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
  /** Model it needs beside the digits network. */
  readonly needs?: (subject: Subject) => string;
  readonly run: (subject: Subject) => Promise<Outcome>;
}
