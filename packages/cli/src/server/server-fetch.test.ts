import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { serverFetch } from "./server-fetch.ts";

/** A server that answers with the credentials it was shown. */
async function mirror(): Promise<number> {
  const server = createServer((request, response) => void response.end(request.headers.authorization ?? "none"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  // It listens on a port.
  return (server.address() as AddressInfo).port;
}

const shownAt = async (controlUrl: string, url: string): Promise<string> => {
  const fetch = serverFetch({ url: controlUrl, apiKey: "key", trust: {} });
  return (await fetch(url, { headers: { accept: "*/*" } })).text();
};

describe("serverFetch()", () => {
  it("shows the key on every port of the server, by whichever name of this machine", async () => {
    const port = await mirror();
    expect(await shownAt("http://127.0.0.1:1", `http://127.0.0.1:${port}`)).toBe("Bearer key");
    expect(await shownAt("http://localhost:1", `http://127.0.0.1:${port}`)).toBe("Bearer key");
  });

  it("shows it to no other host, and not in cleartext where the server speaks TLS", async () => {
    const port = await mirror();
    expect(await shownAt("http://models.example:1", `http://127.0.0.1:${port}`)).toBe("none");
    expect(await shownAt("https://127.0.0.1:1", `http://127.0.0.1:${port}`)).toBe("none");
  });
});
