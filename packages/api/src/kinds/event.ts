/** `Event` (core/v1): something that happened to an object, counted when it happens again. */
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";
import { opaque } from "./pod-spec.ts";

const objectReference = z.looseObject({
  apiVersion: z.string().exactOptional(),
  kind: z.string().exactOptional(),
  namespace: z.string().exactOptional(),
  name: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  fieldPath: z.string().exactOptional(),
});

const schema = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Event"),
  metadata: metadataSchema("subdomain"),
  involvedObject: objectReference,
  reason: z.string().exactOptional(),
  message: z.string().max(1024).exactOptional(),
  type: z.enum(["Normal", "Warning"]).exactOptional(),
  count: z.int().min(0).exactOptional(),
  firstTimestamp: z.string().exactOptional(),
  lastTimestamp: z.string().exactOptional(),
  eventTime: z.string().exactOptional(),
  source: z.looseObject({ component: z.string().exactOptional(), host: z.string().exactOptional() }).exactOptional(),
  reportingComponent: z.string().exactOptional(),
  reportingInstance: z.string().exactOptional(),
  action: z.string().exactOptional(),
  related: objectReference.exactOptional(),
  series: opaque.exactOptional(),
});

/** An Event. */
export type Event = DeepReadonly<z.infer<typeof schema>>;

/** The kind. */
export const eventKind: KindDefinition<Event> = defineKind(
  {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    singular: "event",
    shortNames: ["ev"],
    namespaced: true,
    hasStatus: false,
    columns: [
      { name: "Last Seen", type: "date", path: "lastTimestamp", priority: 0 },
      { name: "Type", type: "string", path: "type", priority: 0 },
      { name: "Reason", type: "string", path: "reason", priority: 0 },
      { name: "Object", type: "string", path: "involvedObject.name", priority: 0 },
      { name: "Count", type: "integer", path: "count", priority: 1 },
      { name: "Message", type: "string", path: "message", priority: 0 },
    ],
  },
  schema,
);
