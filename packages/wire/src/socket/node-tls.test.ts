import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const loaded = `await import(process.argv[1]); console.log(process.moduleLoadList.includes("NativeModule tls"));`;

it("a process that imports this package does not load Node's TLS until somebody speaks it", () => {
  const index = new URL("../index.ts", import.meta.url).href;
  const args = ["--conditions=modelyard-source", "--input-type=module", "-e", loaded, index];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" }).trim()).toBe("false");
});
