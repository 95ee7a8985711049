/** `Namespace` (core/v1). */
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";
import { condition } from "./condition.ts";

const schema = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Namespace"),
  metadata: metadataSchema("label"),
  spec: z.looseObject({ finalizers: z.array(z.string()).exactOptional() }).exactOptional(),
  status: z
    .looseObject({ phase: z.enum(["Active", "Terminating"]).exactOptional(), conditions: z.array(condition).exactOptional() })
    .exactOptional(),
});

/** A Namespace. */
export type Namespace = DeepReadonly<z.infer<typeof schema>>;

/** The kind. */
export const namespaceKind: KindDefinition<Namespace> = defineKind(
  {
    group: "",
    version: "v1",
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    shortNames: ["ns"],
    namespaced: false,
    hasStatus: false,
    columns: [
      { name: "Status", type: "string", path: "status.phase", priority: 0 },
      { name: "Age", type: "date", path: "metadata.creationTimestamp", priority: 0 },
    ],
  },
  schema,
);
