/**
 * Syntax of names, label and annotation keys and values, as Kubernetes defines it
 * (kubernetes.io/docs/concepts/overview/working-with-objects: names, labels, annotations).
 */

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedNamePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

/** Longest DNS label, and longest name part of a qualified name. */
const maxLabelLength = 63;
/** Longest DNS subdomain. */
const maxSubdomainLength = 253;
/** Most bytes all annotations of an object take together. */
export const maxAnnotationsBytes = 256 * 1024;

/** Whether a text is a DNS-1123 label: namespaces and what becomes a host name. */
export function isDnsLabel(text: string): boolean {
  return text.length <= maxLabelLength && label.test(text);
}

/** Whether a text is a DNS-1123 subdomain: object names. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= maxSubdomainLength && text.split(".").every((part) => label.test(part));
}

/** Whether a text is a key of a label or annotation: `[prefix/]name`. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split("/");
  if (parts.length > 2) return false;
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? (parts[0] ?? "") : undefined;
  return name.length <= maxLabelLength && qualifiedNamePart.test(name) && (prefix === undefined || isDnsSubdomain(prefix));
}

/** Whether a text is a value of a label. */
export function isLabelValue(text: string): boolean {
  return text.length <= maxLabelLength && labelValue.test(text);
}
