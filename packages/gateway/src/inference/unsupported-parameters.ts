/** Parameters that would change the meaning of an answer and are not supported: refused by name, never ignored. */
import type { InferenceParameters, InferenceRequest } from "@modelyard/codec";
import { failure } from "@modelyard/core";

/** Fails with `UNIMPLEMENTED` when a request asks for shared memory or sequences. */
export function refuseUnsupportedParameters(request: InferenceRequest): void {
  if (isSet(request.parameters, "sequence_id")) refuse("A sequence of requests (sequence_id)");
  for (const input of request.inputs) {
    if (isSet(input.parameters, "shared_memory_region")) refuse(`Shared memory, asked for by the input "${input.name}",`);
  }
  for (const output of request.outputs) {
    if (isSet(output.parameters, "shared_memory_region")) refuse(`Shared memory, asked for by the output "${output.name}",`);
  }
}

/** Zero and the empty text mean "not used" in the protocol's extensions. */
function isSet(parameters: InferenceParameters | undefined, key: string): boolean {
  const value = parameters?.[key];
  return value !== undefined && value !== null && value !== "" && value !== 0 && value !== 0n;
}

function refuse(what: string): never {
  throw failure("UNIMPLEMENTED", { what });
}
