/** Every kind the API serves, and how people name them. */
import type { KindDefinition } from "./kind-definition.ts";
import { eventKind } from "./kinds/event.ts";
import { inferenceServiceKind } from "./kinds/inference-service.ts";
import { modelKind } from "./kinds/model.ts";
import { namespaceKind } from "./kinds/namespace.ts";
import { secretKind } from "./kinds/secret.ts";
import { clusterServingRuntimeKind, servingRuntimeKind } from "./kinds/serving-runtime.ts";

/** Every kind, in the order discovery lists them. */
export const kinds: readonly KindDefinition[] = [
  namespaceKind,
  eventKind,
  secretKind,
  inferenceServiceKind,
  servingRuntimeKind,
  clusterServingRuntimeKind,
  modelKind,
];

/** The kind a person means by its plural, singular, short name or kind, in any case, with or without `.group`; undefined when there is none. */
export function findKind(name: string): KindDefinition | undefined {
  const wanted = name.toLowerCase();
  return kinds.find((kind) => {
    const names = [kind.plural, kind.singular, kind.kind.toLowerCase(), ...kind.shortNames];
    return names.some((one) => one === wanted || `${one}.${kind.group}` === wanted || `${one}.${kind.version}.${kind.group}` === wanted);
  });
}

/** `apiVersion` of a kind's objects. */
export function apiVersionOf(kind: Pick<KindDefinition, "group" | "version">): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** How error messages name a kind: `inferenceservices.serving.kserve.io`, `events`. */
export function resourceNameOf(kind: Pick<KindDefinition, "group" | "plural">): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}
