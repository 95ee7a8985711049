/** Schema of `metadata`, with the rules every Kubernetes object follows. */
import { z } from "zod";
import { isDnsLabel, isDnsSubdomain, isLabelValue, isQualifiedName, maxAnnotationsBytes } from "./names.ts";

const subdomainRule =
  'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "-" or ".", start and end with an alphanumeric character, and have at most 253 characters';
const labelRule =
  'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "-", start and end with an alphanumeric character, and have at most 63 characters';
const qualifiedRule =
  'a qualified name must consist of alphanumeric characters, "-", "_" or ".", start and end with an alphanumeric character, have at most 63 characters, and may follow a DNS subdomain prefix and "/"';
const labelValueRule =
  'a label value must be empty or consist of alphanumeric characters, "-", "_" or ".", start and end with an alphanumeric character, and have at most 63 characters';

const labels = z.record(z.string(), z.string()).superRefine((values, context) => {
  for (const [key, value] of Object.entries(values)) {
    if (!isQualifiedName(key)) context.addIssue({ code: "custom", path: [key], message: qualifiedRule });
    if (!isLabelValue(value)) context.addIssue({ code: "custom", path: [key], message: labelValueRule });
  }
});

const annotations = z.record(z.string(), z.string()).superRefine((values, context) => {
  let bytes = 0;
  for (const [key, value] of Object.entries(values)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!isQualifiedName(key.toLowerCase())) context.addIssue({ code: "custom", path: [key], message: qualifiedRule });
  }
  if (bytes > maxAnnotationsBytes) {
    context.addIssue({
      code: "too_big",
      origin: "string",
      maximum: maxAnnotationsBytes,
      message: `must have at most ${maxAnnotationsBytes} bytes`,
    });
  }
});

const ownerReference = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  name: z.string().min(1),
  uid: z.string().min(1),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});

/** What a name must be: a DNS label for namespaces, else a DNS subdomain. */
export type NameRule = "label" | "subdomain";

/** Schema of `metadata`. Either `name` or `generateName` is needed; the server fills `name` before it stores an object. */
export function metadataSchema(nameRule: NameRule) {
  const name = nameRule === "label" ? z.string().refine(isDnsLabel, labelRule) : z.string().refine(isDnsSubdomain, subdomainRule);
  return z.looseObject({
    name,
    generateName: z.string().exactOptional(),
    namespace: z.string().refine(isDnsLabel, labelRule).exactOptional(),
    uid: z.string().exactOptional(),
    resourceVersion: z.string().exactOptional(),
    generation: z.int().exactOptional(),
    creationTimestamp: z.string().exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
    deletionGracePeriodSeconds: z.int().exactOptional(),
    selfLink: z.string().exactOptional(),
    labels: labels.exactOptional(),
    annotations: annotations.exactOptional(),
    finalizers: z.array(z.string().refine(isQualifiedName, qualifiedRule)).exactOptional(),
    ownerReferences: z.array(ownerReference).exactOptional(),
    managedFields: z.array(z.record(z.string(), z.unknown())).exactOptional(),
  });
}
