import { describe, expect, it } from "vitest";
import { keyTableOf, mintKey } from "../testing/index.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";

const key = mintKey("inferkey1");
const table = keyTableOf(key);

describe("a client certificate that TLS verified", () => {
  it("opens every namespace with every role", () => {
    const result = authenticate({ apiKey: undefined, certificateSubject: "CN=peer" }, table, 0);
    expect(result).toEqual({ kind: "granted", principal: { kind: "certificate", subject: "CN=peer" } });
    if (result.kind === "granted") expect(authorize(result.principal, { namespace: "team", role: "admin" })).toBeUndefined();
  });

  it("does not make up for a key that is wrong", () => {
    const apiKey = key.text.replace(/.$/, "x");
    const result = authenticate({ apiKey, certificateSubject: "CN=peer" }, table, 0);
    expect(result).toMatchObject({ kind: "refused", error: { reason: "API_KEY_NOT_VALID" } });
  });
});
