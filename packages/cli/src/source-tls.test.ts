/** Sources over HTTPS under an authority of one's own, as an entry of `storage-config` describes them. */
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { openArtifactStore, resolveStorage } from "@modelyard/objects/store";
import { type TestAuthority, testAuthority } from "@modelyard/wire/testing";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const authority = testAuthority();
const client = authority.issue({ commonName: "client" });

/** A server that knows the clients of an authority, and answers others with 403. */
async function serve(clients: TestAuthority): Promise<string> {
  const { certificate: cert, key } = authority.issue({ commonName: "server", dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
  const server: Server = createServer(
    { cert, key, ca: clients.certificate, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      // The server speaks TLS.
      const isKnown = "authorized" in request.socket && request.socket.authorized === true;
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(isKnown ? 200 : 403, { etag: '"v1"' }).end(start === 0 ? "weights" : "");
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // It listens on a port.
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function fetched(fields: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
  const store = await openArtifactStore({ ...deps, directory: temporaryFolder() });
  onTestFinished(() => store.close());
  const entries = new Map([["web", JSON.stringify({ type: "http", ...fields })]]);
  const artifact = await store.ingest(resolveStorage({ entries, key: "web", path: "m.onnx" }));
  return artifact.files.map((file) => file.path);
}

it("a server is trusted by the certificate of its entry, and shown the one of the client", async () => {
  const url = await serve(authority);
  const { certificate: client_certificate, key: client_key } = client;
  expect(await fetched({ url, certificate: authority.certificate, client_certificate, client_key })).toEqual(["m.onnx"]);
  await expect(fetched({ url, certificate: authority.certificate })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
});

it("a server of another authority is not believed", { timeout: 60_000 }, async () => {
  const url = await serve(authority);
  for (const fields of [{ url }, { url, certificate: testAuthority("Another").certificate }])
    await expect(fetched(fields)).rejects.toMatchObject({ reason: "SOURCE_UNAVAILABLE" });
});
