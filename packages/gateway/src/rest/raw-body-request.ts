/**
 * A body that is one raw input: `Inference-Header-Content-Length: 0`. The model must have exactly one input, and at most one of its
 * dimensions may be open beside the first, which is then 1; a BYTES input takes the whole body as its one element. All outputs are answered
 * as binary. Source: Triton's binary tensor extension, "Raw Binary Request".
 */
import { elementSizeBytes, type RestInferenceRequest } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import type { ModelSignature, TensorSignature } from "@modelyard/runtimes";

/** The request that such a body stands for. */
export function rawBodyRequest(body: Uint8Array, signature: ModelSignature): RestInferenceRequest {
  const [input, ...others] = signature.inputs;
  if (!input || others.length > 0) {
    throw invalid(
      `Inference-Header-Content-Length is 0, which needs a model with exactly 1 input; this one has ${signature.inputs.length}`,
    );
  }
  const { name, datatype } = input;
  const shape = shapeOf(input, body.length);
  const bytes = datatype === "BYTES" ? withLength(body) : body;
  return {
    modelName: "",
    modelVersion: "",
    id: "",
    parameters: undefined,
    inputs: [{ name, datatype, shape, parameters: undefined, contents: { kind: "raw", bytes } }],
    outputs: [],
    isBinaryByDefault: true,
  };
}

function shapeOf({ name, datatype, shape }: TensorSignature, sizeBytes: number): readonly number[] {
  const open = shape.filter((dimension) => dimension === -1).length;
  const isBatchOpen = open > 1 && shape[0] === -1;
  if (open > 1 && !(isBatchOpen && open === 2)) throw invalid(`the input "${name}" has ${open} open dimensions, so its shape must be sent`);
  const closed = isBatchOpen ? [1, ...shape.slice(1)] : shape;
  const known = closed.reduce((product, dimension) => (dimension === -1 ? product : product * dimension), 1);
  const elements = datatype === "BYTES" ? 1 : sizeBytes / elementSizeBytes(datatype);
  return closed.map((dimension) => (dimension === -1 && known > 0 ? Math.floor(elements / known) : Math.max(dimension, 0)));
}

/** The form of a BYTES element in raw contents: a 4-byte little-endian length in front. */
function withLength(body: Uint8Array): Uint8Array {
  const element = Buffer.alloc(4 + body.length);
  element.writeUInt32LE(body.length);
  element.set(body, 4);
  return element;
}

function invalid(why: string): Error {
  return failure("INFERENCE_REQUEST_INVALID", { why });
}
