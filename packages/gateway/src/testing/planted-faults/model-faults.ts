/** Faults of what a model is given and gives: each request still gets an answer, only not its own. */
import type { Tensor } from "@modelyard/codec";
import type { HeldModel, Mesh } from "@modelyard/mesh";
import type { InferResult, LoadedModel } from "@modelyard/runtimes";
import type { PlantedFault } from "./planted-fault.ts";

type Outputs = readonly Tensor[];

/** The table. */
export const modelFaults: readonly PlantedFault[] = [
  outputFault("outputs-exchanged", "gives the outputs under each other's names", (outputs) => {
    const names = outputs.map(({ name }) => name).toReversed();
    return outputs.map((output, index) => ({ ...output, name: names[index] ?? output.name }));
  }),
  outputFault("output-dropped", "leaves out the last of several outputs", (outputs) =>
    outputs.length > 1 ? outputs.slice(0, -1) : outputs,
  ),
  outputFault("shape-transposed", "turns the shape of an output round", (outputs) =>
    outputs.map((output) => ({ ...output, shape: output.shape.toReversed() })),
  ),
  outputFault("datatype-wrong", "calls FP32 INT32", (outputs) =>
    outputs.map((output) => (output.datatype === "FP32" ? { ...output, datatype: "INT32" } : output)),
  ),
  outputFault("strings-ended-at-nul", "ends strings at their first NUL", (outputs) =>
    outputs.map((output) => (output.datatype === "BYTES" ? { ...output, elements: output.elements.map(untilNul) } : output)),
  ),
  outputFault("byte-order", "sends numbers of 16 bits with the high byte first", (outputs) =>
    outputs.map((output) => (output.datatype.endsWith("16") && "bytes" in output ? { ...output, bytes: swapped(output.bytes) } : output)),
  ),
  outputFault("last-element-lost", "gives 0 for the last element of every tensor that has more than two", (outputs) =>
    outputs.map((output) => ("bytes" in output && output.bytes.length > 8 ? { ...output, bytes: withoutEnd(output.bytes) } : output)),
  ),
  modelFault("requested-outputs-ignored", "answers every output, whichever were asked for", (model) => ({
    ...model,
    infer: ({ inputs }) => model.infer({ inputs, outputNames: undefined }),
  })),
  modelFault("answer-of-before", "answers each request with the outputs of the one before it", (model) => withMemory(model)),
];

/** A fault of the outputs. */
function outputFault(name: string, what: string, change: (outputs: Outputs) => Outputs): PlantedFault {
  return modelFault(name, what, (model) => ({ ...model, infer: (request) => changedResult(model.infer(request), change) }));
}

function modelFault(name: string, what: string, change: (model: LoadedModel) => LoadedModel): PlantedFault {
  const plant: PlantedFault["plant"] = (parts) => ({ ...parts, mesh: meshOf(parts.mesh, change) });
  return { name, what, plant };
}

/** A mesh whose models are changed, each once. */
function meshOf(mesh: Mesh, change: (model: LoadedModel) => LoadedModel): Mesh {
  const models = new Map<LoadedModel, LoadedModel>();
  const hold = (held: HeldModel): HeldModel => {
    const model = models.get(held.model) ?? change(withOneWay(held.model));
    models.set(held.model, model);
    return { model, revision: held.revision, release: () => held.release() };
  };
  return delegatingMesh(mesh, {
    acquire: (modelId, options) => {
      const holding = mesh.acquire(modelId, options);
      return holding instanceof Promise ? holding.then(hold) : hold(holding);
    },
  });
}

/** Without its second way to run, which the fault would not be in. */
function withOneWay(model: LoadedModel): LoadedModel {
  const alone = { ...model };
  delete alone.inferTo;
  return alone;
}

/** A mesh that does some things otherwise. */
export function delegatingMesh(mesh: Mesh, change: Partial<Mesh>): Mesh {
  return {
    get epoch() {
      return mesh.epoch;
    },
    get isReady() {
      return mesh.isReady;
    },
    find: (namespace, name) => mesh.find(namespace, name),
    list: (namespace) => mesh.list(namespace),
    acquire: (modelId, options) => mesh.acquire(modelId, options),
    state: (modelId) => mesh.state(modelId),
    signature: (modelId) => mesh.signature(modelId),
    load: (route, options) => mesh.load(route, options),
    unload: (route, options) => mesh.unload(route, options),
    ...change,
  };
}

function changedResult(result: InferResult, change: (outputs: Outputs) => Outputs): InferResult {
  return result instanceof Promise ? result.then(change) : change(result);
}

function withMemory(model: LoadedModel): LoadedModel {
  let before: Outputs | undefined;
  const remembered = (outputs: Outputs): Outputs => {
    const answered = before ?? outputs;
    // Copies, as a runtime may use its memory again.
    before = outputs.map((output) => ("bytes" in output ? { ...output, bytes: output.bytes.slice() } : output));
    return answered;
  };
  return { ...model, infer: (request) => changedResult(model.infer(request), remembered) };
}

function untilNul(element: Uint8Array): Uint8Array {
  const at = element.indexOf(0);
  return at < 0 ? element : element.subarray(0, at);
}

function swapped(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes).swap16();
}

function withoutEnd(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.fill(0, copy.length - 4);
  return copy;
}
