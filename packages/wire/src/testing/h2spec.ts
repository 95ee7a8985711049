/**
 * Runs h2spec, the conformance suite of HTTP/2 and HPACK, against a server. It is not ours: `tools/install-go-tools.ts` installs it, and tests
 * skip where it is absent.
 */
import { execFile } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Where `tools/install-go-tools.ts` puts programs. */
const installedFolder = join(import.meta.dirname, "../../../../.cache/go/bin");

/** What h2spec runs against. */
export interface H2specTarget {
  readonly host: string;
  readonly port: number;
  /** Connects over TLS, without verifying the certificate. Default false. */
  readonly isTls?: boolean;
}

/** A case that did not pass. */
export interface H2specFailure {
  /** Suite and section, `http2/5.1.2`. */
  readonly section: string;
  readonly title: string;
  /** What was expected and seen. */
  readonly problem: string;
}

/** What h2spec found. */
export interface H2specReport {
  readonly total: number;
  /** Cases by suite: `generic`, `hpack`, `http2`. */
  readonly bySuite: Readonly<Record<string, number>>;
  readonly failures: readonly H2specFailure[];
}

/** The program: where the tools script put it, or in `PATH`; `undefined` when it is not installed. */
export async function findH2spec(): Promise<string | undefined> {
  const folders = [installedFolder, ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const folder of folders) {
    const file = join(folder, "h2spec");
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

/** Runs all cases, the strict ones included. */
export async function runH2spec(program: string, target: H2specTarget): Promise<H2specReport> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-h2spec-"));
  try {
    const report = join(folder, "report.xml");
    const tls = target.isTls ? ["--tls", "--insecure"] : [];
    const where = ["--host", target.host, "--port", String(target.port), ...tls];
    await exited(program, ["--strict", "--timeout", "5", ...where, "--junit-report", report, "generic", "hpack", "http2"]);
    return parseReport(await readFile(report, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads a JUnit report; cases that failed, were skipped or ended in an error are its failures. */
export function parseReport(xml: string): H2specReport {
  const bySuite: Record<string, number> = {};
  const failures: H2specFailure[] = [];
  let total = 0;
  for (const [, section = "", title = "", body = ""] of xml.matchAll(testCase)) {
    const [suite = ""] = section.split("/");
    bySuite[suite] = (bySuite[suite] ?? 0) + 1;
    total++;
    if (body.trim() !== "") failures.push({ section, title: textOf(title), problem: textOf(body) });
  }
  return { total, bySuite, failures };
}

const testCase = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;
const entities: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&#34;": '"', "&quot;": '"', "&#39;": "'", "&#xA;": "\n" };

function textOf(xml: string): string {
  const text = xml.replaceAll(/<[^>]*>/g, " ").replaceAll(/&(?:lt|gt|quot|#34|#39|#xA);/g, (entity) => entities[entity] ?? entity);
  return text.replaceAll("&amp;", "&").trim();
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Resolves when the program has ended: status 1 only says that a case failed, which the report tells better. */
function exited(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 }, (error) => {
      if (error && error.code !== 1) reject(error);
      else resolve();
    });
  });
}
