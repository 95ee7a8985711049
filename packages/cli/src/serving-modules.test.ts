import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, vi } from "vitest";
import { loadedModulesFolder } from "./testing/loaded-modules-hook.ts";
import { repositoryRoot, sampleModel, startServer, type TestServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const hook = pathToFileURL(join(import.meta.dirname, "testing/loaded-modules-hook.ts")).href;
const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8"));
/** Modules of OpenSSL, as `process.moduleLoadList` names them. */
const secured = /^(?:NativeModule (?:crypto|tls|https|http2|internal\/crypto\/)|Internal Binding (?:crypto|tls_wrap))/;

interface HookedServer {
  readonly server: TestServer;
  readonly loadedIn: (pid: number | undefined) => Promise<readonly string[]>;
}

async function startHooked(dataDir: string): Promise<HookedServer> {
  const folder = temporaryFolder();
  const env = { NODE_OPTIONS: `--import=${hook}`, [loadedModulesFolder]: folder };
  const server = await startServer(dataDir, [], { env });
  return {
    server,
    async loadedIn(pid = 0) {
      const path = join(folder, `${pid}.json`);
      rmSync(path, { force: true });
      process.kill(pid, "SIGUSR2");
      await vi.waitUntil(() => existsSync(path), { timeout: 10_000, interval: 10 });
      return JSON.parse(readFileSync(path, "utf8")) as readonly string[];
    },
  };
}

async function answer({ ready }: TestServer): Promise<void> {
  const response = await fetch(`${ready.data}/v2/models/digits/infer`, { method: "POST", body: JSON.stringify({ inputs: known.inputs }) });
  expect(await response.json()).toMatchObject({ outputs: [{}, { name: "label", data: [known.argmax] }] });
}

it("a serving process without keys and TLS loads nothing of OpenSSL, whether it prepares a model or finds it prepared", async () => {
  const dataDir = temporaryFolder();
  const first = await startHooked(dataDir);
  await first.server.json(["deploy", sampleModel]);
  await answer(first.server);
  const prepared = await first.loadedIn(first.server.ready.pids.serving[0]);
  expect(prepared).toContain("NativeModule net");
  expect(prepared.filter((name) => secured.test(name))).toEqual([]);
  // The list would tell: control has keys and certificates.
  expect(await first.loadedIn(first.server.ready.pids.control)).toContain("NativeModule crypto");
  await first.server.stop();
  const second = await startHooked(dataDir);
  await answer(second.server);
  const found = await second.loadedIn(second.server.ready.pids.serving[0]);
  expect(found).toContain("NativeModule net");
  expect(found.filter((name) => secured.test(name))).toEqual([]);
});
