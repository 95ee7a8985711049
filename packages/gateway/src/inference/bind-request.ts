/**
 * Binds a request to a model: what is asked must be what the model's signature says, before any element is read. Every refusal names what
 * was expected and what came.
 *
 * Hot path. Budget: 0.2 µs an inference.
 */
import { formatShape, type InferenceInput, type InferenceRequest, tensorOfInput } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import type { InferRequest, ModelSignature, TensorSignature } from "@modelyard/runtimes";
import { checkClassification } from "../operations/classification.ts";
import { refuseUnsupportedParameters } from "./unsupported-parameters.ts";

/** The checked request as a runtime takes it. `model` is the name for messages. */
export function bindRequest(request: InferenceRequest, signature: ModelSignature, model: string): InferRequest {
  refuseUnsupportedParameters(request);
  checkInputs(request.inputs, signature, model);
  const outputNames = request.outputs.length === 0 ? undefined : checkOutputs(request, signature, model);
  return { inputs: request.inputs.map(tensorOfInput), outputNames };
}

function checkInputs(inputs: readonly InferenceInput[], signature: ModelSignature, model: string): void {
  for (const input of inputs) {
    const expected = signature.inputs.find((one) => one.name === input.name);
    if (!expected) throw failure("INPUT_UNKNOWN", { model, input: input.name, expected: describeTensors(signature.inputs) });
    checkDatatypeAndShape(input, expected, model);
  }
  if (inputs.length === signature.inputs.length && !hasDuplicate(inputs)) return;
  refuseCount(inputs, signature, model);
}

function checkDatatypeAndShape(input: InferenceInput, expected: TensorSignature, model: string): void {
  if (input.datatype !== expected.datatype) {
    throw failure("INPUT_DATATYPE_MISMATCH", { input: input.name, expected: expected.datatype, actual: input.datatype });
  }
  if (fits(input.shape, expected.shape)) return;
  const shapes = { expected: formatShape(expected.shape), actual: formatShape(input.shape) };
  throw failure("INPUT_SHAPE_MISMATCH", { model, input: input.name, ...shapes });
}

function fits(shape: readonly number[], expected: readonly number[]): boolean {
  if (shape.length !== expected.length) return false;
  for (let index = 0; index < shape.length; index++) {
    if (expected[index] !== -1 && expected[index] !== shape[index]) return false;
  }
  return true;
}

/** All inputs are known by now: one is missing, or one came twice. */
function refuseCount(inputs: readonly InferenceInput[], signature: ModelSignature, model: string): never {
  const names = inputs.map((input) => input.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw failure("INFERENCE_REQUEST_INVALID", { why: `the input "${twice}" is given more than once` });
  const missing = signature.inputs.find((one) => !names.includes(one.name));
  const actual = names.length === 0 ? "no inputs" : names.map((name) => `"${name}"`).join(", ");
  throw failure("INPUT_MISSING", { model, input: missing?.name ?? "", expected: describeTensors(signature.inputs), actual });
}

function checkOutputs(request: InferenceRequest, signature: ModelSignature, model: string): readonly string[] {
  for (const output of request.outputs) {
    const known = signature.outputs.find((one) => one.name === output.name);
    if (!known) throw failure("OUTPUT_UNKNOWN", { model, output: output.name, expected: describeTensors(signature.outputs) });
    if (output.parameters) checkClassification(output, known);
  }
  if (hasDuplicate(request.outputs)) throw failure("INFERENCE_REQUEST_INVALID", { why: "an output is asked for more than once" });
  return request.outputs.map((output) => output.name);
}

function hasDuplicate(tensors: readonly { readonly name: string }[]): boolean {
  return tensors.length > 1 && new Set(tensors.map((one) => one.name)).size !== tensors.length;
}

const mostShown = 20;

function describeTensors(tensors: readonly TensorSignature[]): string {
  const shown = tensors.slice(0, mostShown).map((one) => `"${one.name}" ${one.datatype} ${formatShape(one.shape)}`);
  return shown.join(", ") + (tensors.length > mostShown ? ", …" : "");
}
