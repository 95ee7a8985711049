/** In which form a client wants objects: as they are, as a table, or their metadata alone (`Accept`, kubernetes.io/docs/reference/using-api/api-concepts). */
import { apiVersionOf, type KindDefinition } from "@modelyard/api";
import type { KubernetesObject, ObjectList } from "@modelyard/resources";
import { type IncludeObject, partialMetadata, tableOf } from "./object-table.ts";

/** How to answer. */
export interface Representation {
  one(object: KubernetesObject): object;
  list(list: ObjectList<KubernetesObject>): object;
}

/** What decides it. */
export interface RepresentationRequest {
  readonly accept: string | undefined;
  readonly includeObject: string | undefined;
  readonly nowMs: number;
}

/** The first form of the Accept header that is served; objects as they are when there is none. */
export function representationOf(kind: KindDefinition, request: RepresentationRequest): Representation {
  const wanted = (request.accept ?? "").split(",").map((part) => /;\s*as=(\w+)/.exec(part)?.[1] ?? "");
  const form = wanted.find((one) => one === "" || one === "Table" || one.startsWith("PartialObjectMetadata"));
  if (form === "Table") return asTable(kind, request);
  if (form?.startsWith("PartialObjectMetadata")) return asMetadata();
  return {
    one: (object) => object,
    list: (list) => ({ apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, metadata: listMetadata(list), items: list.items }),
  };
}

function asTable(kind: KindDefinition, request: RepresentationRequest): Representation {
  const { nowMs } = request;
  const includeObject: IncludeObject =
    request.includeObject === "None" || request.includeObject === "Object" ? request.includeObject : "Metadata";
  const context = { kind, includeObject, nowMs };
  return {
    one: (object) => tableOf([object], { resourceVersion: object.metadata.resourceVersion }, context),
    list: (list) => tableOf(list.items, listMetadata(list), context),
  };
}

function asMetadata(): Representation {
  return {
    one: partialMetadata,
    list: (list) => ({
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata: listMetadata(list),
      items: list.items.map(partialMetadata),
    }),
  };
}

function listMetadata(list: ObjectList<KubernetesObject>): Readonly<Record<string, unknown>> {
  return { resourceVersion: list.resourceVersion, ...(list.continue === undefined ? {} : { continue: list.continue }) };
}
