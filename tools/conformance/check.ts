/** What a conformance check is: data about it, and what it sends and wants. */
import type { Clients } from "../acceptance/harness/clients.ts";

/** Where a check sends to. */
export interface Subject {
  /** `http://host:port` of the REST side. */
  readonly rest: string;
  readonly grpc: Clients;
  /** A model of the digits network: `Input3` FP32 [1,1,28,28] to `Plus214_Output_0` FP32 [1,10]. */
  readonly model: string;
}

/** What a check found. `unsupported`: the server says itself that it does not do this. */
export interface Finding {
  readonly outcome: "pass" | "fail" | "unsupported" | "skip";
  readonly expected: string;
  readonly actual: string;
}

/** One check. */
export interface Check {
  readonly id: string;
  /** Section of the protocol. */
  readonly section: string;
  readonly protocol: "REST" | "gRPC";
  readonly expected: string;
  /** What came, and whether that is it. */
  readonly run: (subject: Subject) => Promise<{ readonly actual: string; readonly isRight: boolean; readonly isUnsupported?: boolean }>;
}
