/** Docs: every path of the repository that a document names exists, and every test that `docs/coverage.md` names exists under that title. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { files, read, root } from "../repository.ts";
import type { CheckResult } from "./result.ts";

const pathPattern = /`((?:packages|docs|tools|samples|changes|conformance|sim|\.ci|\.github)\/[\w./@*-]+)`/g;
const linkPattern = /\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g;
/** A test in the coverage table: `path` "title". */
const testPattern = /`([\w./-]+\.test\.ts)` "([^"]+)"/g;

/** Runs the check. */
export function checkDocs(): CheckResult {
  const documents = files("*.md", "docs/**/*.md", "packages/*/README.md", "samples/**/*.md", "changes/*.md");
  const references = documents.flatMap((document) => referencesOf(document));
  const missing = references.flatMap(({ document, path }) => (exists(path) ? [] : [`${document}: names "${path}", which does not exist`]));
  const tests = existsSync(join(root, "docs/coverage.md")) ? [...read("docs/coverage.md").matchAll(testPattern)] : [];
  const unproven = tests.flatMap(([, path = "", title = ""]) => {
    const found = existsSync(join(root, path)) && read(path).includes(title);
    return found ? [] : [`docs/coverage.md: the test "${title}" is not in ${path}`];
  });
  return { name: "docs", examined: references.length + tests.length, unit: "references", floor: 300, findings: [...missing, ...unproven] };
}

function referencesOf(document: string): readonly { readonly document: string; readonly path: string }[] {
  const text = read(document);
  const quoted = [...text.matchAll(pathPattern)].map(([, path = ""]) => path);
  const linked = [...text.matchAll(linkPattern)].map(([, path = ""]) => normalize(join(dirname(document), path)));
  return [...quoted, ...linked].map((path) => ({ document, path }));
}

function exists(path: string): boolean {
  if (path.includes("*")) return files(path).length > 0;
  return existsSync(join(root, path));
}
