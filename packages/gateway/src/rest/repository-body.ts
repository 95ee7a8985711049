/** Bodies of the model repository extension. An empty body asks for nothing in particular, as clients send it. */
import { type InferenceParameters, parseJsonText } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { shownValue } from "../operations/shown-value.ts";

/** Whether only models that are ready are wanted. Fails with `INVALID_ARGUMENT`. */
export function readIndexRequest(body: Uint8Array): boolean {
  const { ready } = readObject(body);
  if (ready === undefined || ready === null || ready === "") return false;
  if (typeof ready === "boolean") return ready;
  throw failure("INVALID_ARGUMENT", { what: `The member "ready" of the request must be true or false, got ${shownValue(ready)}` });
}

/** The parameters of a load or unload. Fails with `INVALID_ARGUMENT`. */
export function readRepositoryRequest(body: Uint8Array): InferenceParameters | undefined {
  const { parameters } = readObject(body);
  if (parameters === undefined || parameters === null) return undefined;
  if (isObject(parameters)) return parameters;
  throw failure("INVALID_ARGUMENT", { what: `The member "parameters" of the request must be an object, got ${shownValue(parameters)}` });
}

function readObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  const { value } = parseJsonText(body);
  if (isObject(value)) return value;
  throw failure("INVALID_ARGUMENT", { what: `The body of the request must be a JSON object, got ${shownValue(value)}` });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
