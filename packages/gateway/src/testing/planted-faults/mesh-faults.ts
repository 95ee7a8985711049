/** Faults of which model answers, and in which state it is. */
import type { Mesh, ServiceRoute } from "@modelyard/mesh";
import { delegatingMesh } from "./model-faults.ts";
import type { PlantedFault } from "./planted-fault.ts";

/** The table. */
export const meshFaults: readonly PlantedFault[] = [
  meshFault("unknown-model-answered", "lets the first model stand for every name it does not know", (mesh) => ({
    find: (namespace, name) => mesh.find(namespace, name) ?? mesh.list(namespace)[0],
  })),
  meshFault("name-without-case", "does not tell small letters of a name from capital ones", (mesh) => ({
    find: (namespace, name) => mesh.list(namespace).find((route) => route.modelName.toLowerCase() === name.toLowerCase()),
  })),
  meshFault("name-by-beginning", "finds a model by the beginning of its name", (mesh) => ({
    find: (namespace, name) => mesh.find(namespace, name) ?? mesh.list(namespace).find((route) => name.startsWith(route.modelName)),
  })),
  meshFault("version-stale", "names the version before the one that answered", (mesh) => ({
    acquire: async (modelId, options) => {
      const held = await mesh.acquire(modelId, options);
      return { model: held.model, revision: held.revision - 1, release: () => held.release() };
    },
  })),
  meshFault("unload-without-effect", "says that it unloaded a model, and goes on serving it", () => ({ unload: () => Promise.resolve() })),
  meshFault("load-without-effect", "says that it loaded a model, and goes on refusing it", () => ({ load: () => Promise.resolve() })),
  meshFault("index-empty", "has no models in its index", () => ({ list: () => [] })),
  meshFault("index-always-ready", "calls a model ready that was unloaded", (mesh) => ({
    list: (namespace) => mesh.list(namespace).map((route): ServiceRoute => ({ ...route, isUnloaded: false })),
  })),
  meshFault("signature-shapeless", "forgets the shapes in a model's metadata", (mesh) => ({
    signature: (modelId) => {
      const signature = mesh.signature(modelId);
      return signature && { ...signature, inputs: signature.inputs.map((input) => ({ ...input, shape: [] })) };
    },
  })),
];

function meshFault(name: string, what: string, change: (mesh: Mesh) => Partial<Mesh>): PlantedFault {
  return { name, what, plant: (parts) => ({ ...parts, mesh: delegatingMesh(parts.mesh, change(parts.mesh)) }) };
}
