import { expect, it } from "vitest";
import { portUrl } from "./port-url.ts";

it.each([
  [{ address: "127.0.0.1", port: 1 }, "http://127.0.0.1:1"],
  [{ address: "example.com", port: 2, isSecure: true }, "https://example.com:2"],
  [{ address: "::1", port: 3 }, "http://[::1]:3"],
  [{ address: "0.0.0.0", port: 4, isSecure: true }, "https://127.0.0.1:4"],
  [{ address: "::", port: 5 }, "http://[::1]:5"],
])("portUrl() of %j is %s", (port, url) => {
  expect(portUrl(port)).toBe(url);
});
