/** Writes `docs/errors.md` from the error catalogue; a test holds the two equal. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { entryOf, exitStatusOf, grpcStatusOf, httpStatusOf, reasons } from "@modelyard/core";
import { root } from "./repository.ts";

/** Where the page is. */
export const errorsPage = "docs/errors.md";

/** The page's text. */
export function errorsPageText(): string {
  const rows = reasons.toSorted().map((reason) => {
    const { code, template, retryable, hint } = entryOf(reason);
    const cells = [
      `\`${reason}\``,
      code,
      httpStatusOf(code),
      grpcStatusOf(code),
      exitStatusOf(code),
      retryable ? "yes" : "no",
      escape(template),
      escape(hint),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `${head}\n${rows.join("\n")}\n`;
}

/** Writes the page. */
export function writeErrorsPage(): void {
  writeFileSync(join(root, errorsPage), errorsPageText());
}

const head = `# Errors

Every failure that Modelyard reports has one of these reasons. The reason is stable: scripts may compare it. Bodies carry it as \`reason\`, beside the
message, the canonical code, and a hint. *Retry* says whether the same request, unchanged, can succeed later; where a wait is known, \`Retry-After\` gives it.

This page is generated from the catalogue (\`packages/core/src/catalogue/index.ts\`) by \`npm run fix\`.

| reason | code | HTTP | gRPC | exit | retry | message | what to do |
|---|---|---|---|---|---|---|---|`;

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
