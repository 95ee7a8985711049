/** `npm run conformance` as its user sees it: what it prints and how it ends. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../acceptance/harness/server.ts";
import { capture, type Outcome } from "../repository.ts";
import { type GatewayUnderTest, openWorkbench, type Workbench } from "./gateway-under-test.ts";

let folder = "";
let workbench: Workbench;
let server: GatewayUnderTest;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "conformance-"));
  workbench = await openWorkbench(folder);
  server = await workbench.start();
});

afterAll(async () => {
  await server.close();
  await workbench.close();
  rmSync(folder, { recursive: true, force: true });
});

function conformance(...args: readonly string[]): Promise<Outcome> {
  return capture(process.execPath, ["--conditions=modelyard-source", "tools/conformance.ts", ...args]);
}

describe("npm run conformance", () => {
  it("ends with 0 where every check passes, and gives the results as data", async () => {
    const { status, stdout } = await conformance("--address", server.address, "--only", "rest-infer,grpc-pair", "--json");
    const { checks, totals } = JSON.parse(stdout) as {
      readonly checks: readonly { readonly id: string }[];
      readonly totals: { readonly pass: number };
    };
    expect(status).toBe(0);
    expect(totals.pass).toBe(checks.length);
    expect(checks.find(({ id }) => id === "rest-infer")).toEqual({
      id: "rest-infer",
      section: "inference",
      protocol: "REST",
      isWrong: false,
      outcome: "pass",
      expected: "200 with one output of [1,10]",
      actual: expect.stringContaining("200 ") as string,
    });
  });

  it("ends with 1 where a model is missing, and says how to get it", async () => {
    const { status, stdout } = await conformance("--address", server.address, "--models", "pair=absent", "--only", "rest-pair");
    expect(status).toBe(1);
    expect(stdout).toContain('the server has no model "absent": write it with --write-models FOLDER and deploy it');
    expect(stdout).toMatch(/0 pass, 0 fail, 0 unsupported, \d+ skip/);
  });

  it("ends with 4 where nobody listens", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { status, output } = await conformance("--address", address);
    expect(status).toBe(4);
    expect(output).toContain(`http://${address} cannot be reached`);
  });

  it.each([
    { args: [], why: "say which server" },
    { args: ["--adress", "x"], why: "--adress" },
    { args: ["--address", "127.0.0.1:1", "--only", "nothing"], why: "no check begins with nothing" },
    { args: ["--address", "127.0.0.1:1", "--models", "digits=a"], why: '"digits" is no role of a model: there are mnist, identity, pair' },
  ])("ends with 2 when it is called with $args, and says why", async ({ args, why }) => {
    const { status, output } = await conformance(...args);
    expect(status).toBe(2);
    expect(output).toContain(why);
  });

  it("writes the models that a server needs", async () => {
    const models = join(folder, "models");
    expect((await conformance("--write-models", models)).status).toBe(0);
    expect(readdirSync(models)).toEqual(
      expect.arrayContaining(["mnist.onnx", "identity_pair.onnx", "identity_fp32.onnx", "identity_bytes.onnx"]),
    );
  });
});
