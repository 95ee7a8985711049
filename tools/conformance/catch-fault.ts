/** Plants one fault in a server and looks whether the checks notice. */
import type { PlantedFault } from "@modelyard/gateway/testing";
import { checks } from "./checks.ts";
import type { Workbench } from "./gateway-under-test.ts";
import { type CheckResult, checkResults } from "./run-checks.ts";
import { subjectAt } from "./subject-at.ts";

const grpcFirst = checks.toSorted((one, other) => Number(other.protocol === "gRPC") - Number(one.protocol === "gRPC"));

/** The first check that fails of a server with the fault; undefined when none does. */
export async function catchFault(
  workbench: Workbench,
  { plant, isOfGrpc = false }: Omit<PlantedFault, "name" | "what">,
): Promise<CheckResult | undefined> {
  const server = await workbench.start(plant);
  const subject = subjectAt({ address: server.address });
  try {
    for await (const result of checkResults(isOfGrpc ? grpcFirst : checks, subject)) if (result.outcome !== "pass") return result;
    return undefined;
  } finally {
    subject.grpc.close();
    await server.close();
  }
}
