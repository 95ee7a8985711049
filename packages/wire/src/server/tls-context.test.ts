import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLog, type Log, type PlatformError, silentLog } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { type TestCertificate, testAuthority } from "../testing/certificates.ts";
import { createTlsContext } from "./tls-context.ts";
import { type TlsFiles, watchTlsFiles } from "./tls-files.ts";
import { splitAltNames } from "./tls-info.ts";

const authority = testAuthority();
const first = authority.issue({ commonName: "first" });
const second = authority.issue({ commonName: "second" });
const reasonOf = (error: unknown): string => (error as PlatformError).reason; // Only failures are thrown here.

describe("TLS context", () => {
  test.each([
    ["a key of another certificate", { ...first, key: second.key }],
    ["no certificate", { ...first, certificate: "" }],
    ["a certificate that is none", { ...first, certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }],
    ["no key", { ...first, key: "" }],
    ["a client CA that is none", { ...first, clientCa: "trust me" }],
    ["required client certificates without their CA", { ...first, clientAuth: "required" } as const],
    ["optional client certificates without their CA", { ...first, clientAuth: "optional" } as const],
  ])("%s is refused, and what was there before stays", (_, options) => {
    const context = createTlsContext(first);
    const { current } = context;
    expect(() => createTlsContext(options)).toThrow(expect.objectContaining({ reason: "TLS_CONFIG_INVALID" }));
    expect(() => context.replace(options)).toThrow(expect.objectContaining({ reason: "TLS_CONFIG_INVALID" }));
    expect(context.current).toBe(current);
  });

  test("client certificates are required where there is a client CA, unless said otherwise", () => {
    const clientCa = authority.certificate;
    expect(createTlsContext(first).current.clientAuth).toBe("none");
    expect(createTlsContext({ ...first, clientCa }).current.clientAuth).toBe("required");
    expect(createTlsContext({ ...first, clientCa, clientAuth: "optional" }).current.clientAuth).toBe("optional");
    expect(createTlsContext({ ...first, clientCa, clientAuth: "none" }).current.serverOptions.requestCert).toBe(false);
  });
});

test("a name in a certificate that looks like several stays one", () => {
  expect(splitAltNames("")).toEqual([]);
  expect(splitAltNames('DNS:a.example, URI:"x, DNS:admin", IP Address:127.0.0.1')).toEqual([
    "DNS:a.example",
    "URI:x, DNS:admin",
    "IP Address:127.0.0.1",
  ]);
});

interface Folder extends AsyncDisposable {
  readonly files: TlsFiles;
  write(pair: Partial<TestCertificate>): Promise<void>;
}

async function folderWith(pair: TestCertificate): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "modelyard-tls-"));
  const files = { certFile: join(path, "tls.crt"), keyFile: join(path, "tls.key") };
  const write = async ({ certificate, key }: Partial<TestCertificate>): Promise<void> => {
    // Replaced as certificate managers do it, so that no one reads half a file.
    if (certificate !== undefined) await writeFile(`${files.certFile}.new`, certificate);
    if (certificate !== undefined) await rename(`${files.certFile}.new`, files.certFile);
    if (key !== undefined) await writeFile(`${files.keyFile}.new`, key);
    if (key !== undefined) await rename(`${files.keyFile}.new`, files.keyFile);
  };
  await write(pair);
  return { files, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A log that keeps the messages of warnings. */
function warningsOf(clock: ReturnType<typeof fakeClock>): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  const write = (line: string): void => void warnings.push(line);
  return { log: jsonLog({ clock, write, level: "warn" }), warnings };
}

describe("TLS files", () => {
  test("a certificate that is replaced is found at the next look", async () => {
    await using folder = await folderWith(first);
    const clock = fakeClock();
    const watched = await watchTlsFiles(folder.files, { clock, log: silentLog() });
    expect(watched.context.current.subject).toContain("first");
    await folder.write(second);
    await clock.advance(5_000);
    await expect.poll(() => watched.context.current.subject).toContain("second");
    watched.close();
    watched.close();
  });

  test("files that do not fit are complained about once, and taken as soon as they do", async () => {
    await using folder = await folderWith(first);
    const clock = fakeClock();
    const { log, warnings } = warningsOf(clock);
    const watched = await watchTlsFiles(folder.files, { clock, log, pollMs: 1_000 });
    const { current } = watched.context;
    await folder.write({ certificate: second.certificate });
    await clock.advance(1_000);
    await expect.poll(() => warnings.length).toBe(1);
    for (let look = 0; look < 3; look++) {
      await expect.poll(() => clock.pending).toBe(1);
      await clock.advance(1_000);
    }
    expect(warnings).toHaveLength(1);
    expect(watched.context.current).toBe(current);
    await folder.write({ key: second.key });
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(1_000);
    await expect.poll(() => watched.context.current.subject).toContain("second");
    watched.close();
  });

  test("a reload that is asked for says why it is refused", async () => {
    await using folder = await folderWith(first);
    const watched = await watchTlsFiles(folder.files, { clock: fakeClock(), log: silentLog() });
    await folder.write({ key: "nothing" });
    expect(reasonOf(await watched.reload().catch((error: unknown) => error))).toBe("TLS_CONFIG_INVALID");
    expect(watched.context.current.subject).toContain("first");
    await rm(folder.files.certFile);
    await expect(watched.reload()).rejects.toThrow(folder.files.certFile);
    watched.close();
  });

  test("files that are not there are an error at once", async () => {
    const files = { certFile: "/nonexistent/tls.crt", keyFile: "/nonexistent/tls.key" };
    await expect(watchTlsFiles(files, { clock: fakeClock(), log: silentLog() })).rejects.toMatchObject({ reason: "TLS_CONFIG_INVALID" });
  });
});
