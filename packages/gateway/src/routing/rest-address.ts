/** What the path of a REST request asks for. Names are decoded by the time they come here, and may have slashes in them. */
import { unsupportedExtensions } from "../unsupported-extensions.ts";
import type { ModelReference } from "./model-reference.ts";

/** Addresses of one model. */
export type ModelAddressKind =
  | "modelMetadata"
  | "modelReady"
  | "modelConfiguration"
  | "modelStatistics"
  | "infer"
  | "repositoryLoad"
  | "repositoryUnload"
  | "v1ModelReady"
  | "v1Predict";

/** Addresses of one namespace. */
export type NamespaceAddressKind = "models" | "repositoryIndex" | "v1Models";

/** One member for each kind, so that a member can be told from the others by its kind. */
type OneOf<K extends string, T> = { readonly [Kind in K]: T & { readonly kind: Kind } }[K];

/** A known address. */
export type RestAddress =
  | OneOf<"alive" | "live" | "ready" | "server" | "openapi", unknown>
  | OneOf<NamespaceAddressKind, { readonly namespace: string }>
  /** The model of `modelStatistics` is empty when that of all models is asked for. */
  | OneOf<ModelAddressKind, { readonly reference: ModelReference }>
  /** An address of the protocol's extensions that is refused by name; `what` is the subject of "is not supported". */
  | { readonly kind: "unsupported"; readonly what: string };

/** Words at the end of a model's address. */
const modelVerbs: ReadonlyMap<string, ModelAddressKind> = new Map([
  ["ready", "modelReady"],
  ["infer", "infer"],
  ["config", "modelConfiguration"],
  ["stats", "modelStatistics"],
]);

/** The same for what is not supported. */
const unsupportedVerbs: ReadonlyMap<string, string> = new Map([
  ["generate", "Text generation by the generate extension"],
  ["generate_stream", "Text generation by the generate extension"],
]);

/** Parses the decoded segments of a path; undefined when no address is like that. */
export function parseRestAddress(segments: readonly string[], namespace: string): RestAddress | undefined {
  const [root, ...rest] = segments;
  if (root === "v2") return parseV2(rest, namespace);
  if (root === "v1") return parseV1(rest, namespace);
  if (rest.length > 0) return undefined;
  if (root === "openapi.json") return { kind: "openapi" };
  return root === "" ? { kind: "alive" } : undefined;
}

function parseV2(segments: readonly string[], namespace: string): RestAddress | undefined {
  const [area, ...rest] = segments;
  switch (area) {
    case undefined:
      return { kind: "server" };
    case "health":
      return parseHealth(rest);
    case "models":
      return rest.length === 0 ? { kind: "models", namespace } : parseModel(rest, namespace);
    case "repository":
      return parseRepository(rest, namespace);
    case "logging":
      return rest.length === 0 ? { kind: "unsupported", what: unsupportedExtensions.logging } : undefined;
    case "trace":
      return isTraceSetting(segments) ? { kind: "unsupported", what: unsupportedExtensions.trace } : undefined;
    case "systemsharedmemory":
      return parseSharedMemory(rest, unsupportedExtensions.systemSharedMemory);
    case "cudasharedmemory":
      return parseSharedMemory(rest, unsupportedExtensions.cudaSharedMemory);
    default:
      return undefined;
  }
}

function parseHealth(segments: readonly string[]): RestAddress | undefined {
  const [what, ...rest] = segments;
  if (rest.length > 0) return undefined;
  return what === "live" || what === "ready" ? { kind: what } : undefined;
}

/** `NAME[/versions/V][/VERB]`. Clients leave slashes in a name unquoted, so the name is what is left when the rest was taken off. */
function parseModel(segments: readonly string[], namespace: string): RestAddress | undefined {
  if (segments.length === 1 && segments[0] === "stats")
    return { kind: "modelStatistics", reference: { namespace, model: "", version: "" } };
  if (segments.length > 2 && isTraceSetting(segments.slice(-2))) return { kind: "unsupported", what: unsupportedExtensions.trace };
  const last = segments.length > 1 ? (segments.at(-1) ?? "") : "";
  const unsupported = unsupportedVerbs.get(last);
  if (unsupported !== undefined) return { kind: "unsupported", what: unsupported };
  const verb = modelVerbs.get(last);
  const reference = parseReference(verb === undefined ? segments : segments.slice(0, -1), namespace);
  return reference && { kind: verb ?? "modelMetadata", reference };
}

/** `index`, `models/NAME/load` and `models/NAME/unload`. */
function parseRepository(segments: readonly string[], namespace: string): RestAddress | undefined {
  if (segments.length === 1 && segments[0] === "index") return { kind: "repositoryIndex", namespace };
  const verb = segments.at(-1);
  if (segments[0] !== "models" || (verb !== "load" && verb !== "unload")) return undefined;
  const model = segments.slice(1, -1).join("/");
  if (model === "") return undefined;
  return { kind: verb === "load" ? "repositoryLoad" : "repositoryUnload", reference: { namespace, model, version: "" } };
}

/** KServe's version 1: `models`, `models/NAME[/versions/V]` and the same with `:predict`. */
function parseV1(segments: readonly string[], namespace: string): RestAddress | undefined {
  const [area, ...rest] = segments;
  if (area !== "models") return undefined;
  if (rest.length === 0) return { kind: "v1Models", namespace };
  const last = rest.at(-1) ?? "";
  const colon = last.lastIndexOf(":");
  const verb = last.slice(colon + 1);
  if (colon >= 0 && verb === "explain") return { kind: "unsupported", what: "An explanation of a prediction (:explain)" };
  const isPredict = colon >= 0 && verb === "predict";
  const reference = parseReference(isPredict ? [...rest.slice(0, -1), last.slice(0, colon)] : rest, namespace);
  return reference && { kind: isPredict ? "v1Predict" : "v1ModelReady", reference };
}

function parseReference(segments: readonly string[], namespace: string): ModelReference | undefined {
  const hasVersion = segments.length > 2 && segments.at(-2) === "versions";
  const model = (hasVersion ? segments.slice(0, -2) : segments).join("/");
  return model === "" ? undefined : { namespace, model, version: hasVersion ? (segments.at(-1) ?? "") : "" };
}

/** `[region/NAME/]status`, `…/register` and `…/unregister`. */
function parseSharedMemory(segments: readonly string[], what: string): RestAddress | undefined {
  const verb = segments.at(-1);
  const isVerb = verb === "status" || verb === "register" || verb === "unregister";
  const isRegion = segments.length === 1 || (segments.length === 3 && segments[0] === "region");
  return isVerb && isRegion ? { kind: "unsupported", what } : undefined;
}

function isTraceSetting(segments: readonly string[]): boolean {
  return segments.length === 2 && segments[0] === "trace" && segments[1] === "setting";
}
