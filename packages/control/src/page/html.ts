/** HTML by tagged templates: what is put in is escaped unless it was made here. */

/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

/** What can be put into a template. */
export type HtmlValue = string | number | undefined | Html | readonly Html[];

/** Builds HTML; every value that is no {@link Html} is escaped, for text and for quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { html: parts.map((part, index) => part + (index < values.length ? render(values[index]) : "")).join("") };
}

function render(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  if ("html" in value) return value.html;
  return value.map((one) => one.html).join("");
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? character);
}
