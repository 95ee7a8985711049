/** The modules of the repository and what each imports. */
import { parseSync } from "oxc-parser";
import { files, read } from "../repository.ts";

/** One import or re-export. */
export interface Import {
  readonly specifier: string;
  /** False when the whole statement is erased (`import type`, `export type`): it has no effect at run time. */
  readonly isRuntime: boolean;
}

/** One source file. */
export interface Module {
  readonly path: string;
  readonly imports: readonly Import[];
}

/** Every module of the packages, tests included. */
export function packageModules(): readonly Module[] {
  return files("packages/*/src/**/*.ts").map((path) => ({ path, imports: importsOf(path) }));
}

/** What one file imports, statically or by a literal `import()`. */
export function importsOf(path: string): readonly Import[] {
  const text = read(path);
  const parsed = parseSync(path, text);
  const imports = parsed.module.staticImports.map((one) => ({
    specifier: one.moduleRequest.value,
    isRuntime: !text.slice(one.start, one.end).startsWith("import type"),
  }));
  const exports = parsed.module.staticExports.flatMap((one) => {
    const isRuntime = !text.slice(one.start, one.end).startsWith("export type");
    return one.entries.flatMap((entry) => (entry.moduleRequest ? [{ specifier: entry.moduleRequest.value, isRuntime }] : []));
  });
  const dynamic = parsed.module.dynamicImports.flatMap((one) => {
    const literal = /^["'](.+)["']$/.exec(text.slice(one.moduleRequest.start, one.moduleRequest.end))?.[1];
    return literal ? [{ specifier: literal, isRuntime: true }] : [];
  });
  return [...imports, ...exports, ...dynamic];
}
