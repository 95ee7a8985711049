import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startModelyard } from "./index.ts";
import { askSecurely, type SecureAnswer, tlsFolder } from "./testing/secured.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

it("startModelyard() puts TLS on every port and asks for keys when it is told to, and its access log is whole when it is closed", async () => {
  const { files, authority } = tlsFolder();
  const dataDir = temporaryFolder();
  const secured = { tlsCertFile: files.cert, tlsKeyFile: files.key, authentication: "required", accessLog: "errors" } as const;
  const server = await startModelyard({ dataDir, port: 0, controlPort: 0, metricsPort: 0, ...secured });
  onTestFinished(() => server.close());
  const { dataUrl, controlUrl, metricsUrl = "" } = server;
  const owners = { authorization: `Bearer ${readFileSync(join(dataDir, "admin.key"), "utf8").trim()}` };
  const statusOf = (url: string, headers: Readonly<Record<string, string>>): Promise<number> =>
    askSecurely(url, { ca: authority.certificate, headers }).then(({ status }: SecureAnswer) => status);
  for (const url of [`${dataUrl}/v2`, `${controlUrl}/api/v1/namespaces`, metricsUrl]) {
    expect([url, await statusOf(url, owners)]).toEqual([url, 200]);
    expect([url, await statusOf(url, {})]).toEqual([url, 401]);
  }
  await server.close();
  const log = (process: string): string => readFileSync(join(dataDir, "logs", `access-${process}.log`), "utf8");
  expect(log("serving-0")).toMatch(/"path":"\/v2".*"why":"no key"/);
  expect(log("serving-0")).toMatch(/"face":"metrics".*"why":"no key"/);
  expect(log("control")).toMatch(/"face":"control".*"why":"no key"/);
});

it("startModelyard() is refused an address beyond loopback for everybody", async () => {
  const options = { dataDir: temporaryFolder(), address: "0.0.0.0", port: 0, controlPort: 0 };
  await expect(startModelyard(options)).rejects.toMatchObject({ reason: "ADDRESS_REFUSED" });
});
