import { describe, expect, test } from "vitest";
import type { ArtifactSource } from "../contract.ts";
import { resolveStorage } from "./resolve-storage.ts";

const s3 = {
  type: "s3",
  access_key_id: "AK",
  secret_access_key: "hunter2",
  endpoint_url: "https://s3.example",
  region: "eu-1",
  default_bucket: "models",
};
const entries = new Map([
  ["mine", JSON.stringify({ ...s3, bucket: "mine" })],
  ["default_s3", JSON.stringify({ ...s3, numbers: 3 })],
  ["default", JSON.stringify({ type: "pvc", name: "claim" })],
  ["google", JSON.stringify({ type: "gcs", private_key: "hunter2", client_email: "a@b", bucket: "weights" })],
  [
    "blobs",
    JSON.stringify({
      type: "azure",
      account_name: "account",
      container: "models",
      connection_string: "AccountName=account;AccountKey=aHVudGVyMg==",
    }),
  ],
  ["web", JSON.stringify({ type: "http", url: "https://web.example/base", headers: { authorization: ["hunter2"] } })],
  ["broken", "{hunter2"],
]);

function resolve(request: { readonly key?: string; readonly path?: string; readonly parameters?: Record<string, string> }): ArtifactSource {
  return resolveStorage({ entries, ...request });
}

describe("resolveStorage()", () => {
  test("takes the key that is named, else default_<type>, else default", () => {
    expect(resolve({ key: "mine", path: "/m" })).toMatchObject({
      kind: "s3",
      bucket: "mine",
      path: "m",
      endpoint: "https://s3.example",
      region: "eu-1",
    });
    expect(resolve({ path: "m", parameters: { type: "s3" } })).toMatchObject({ kind: "s3", bucket: "models" });
    expect(resolve({ path: "m" })).toEqual({ kind: "pvc", claim: "claim", path: "m" });
  });

  test("reads every type", () => {
    expect(resolve({ key: "google", path: "m" })).toMatchObject({ kind: "gcs", bucket: "weights", credentials: { clientEmail: "a@b" } });
    expect(resolve({ key: "blobs", path: "m" })).toMatchObject({
      kind: "azure",
      account: "account",
      container: "models",
      credentials: { kind: "sharedKey" },
    });
    expect(resolve({ key: "web", path: "m.onnx" })).toEqual({
      kind: "http",
      url: "https://web.example/base/m.onnx",
      headers: { authorization: "hunter2" },
    });
  });

  test("lets parameters choose bucket and path of the same server", () => {
    expect(resolve({ key: "mine", path: "m", parameters: { bucket: "other" } })).toMatchObject({
      bucket: "other",
      credentials: { accessKeyId: "AK" },
    });
  });

  test("says that the storage field is missing when there is no type", () => {
    expect(() => resolveStorage({ entries: new Map(), path: "m" })).toThrow("Predictor Storage field missing");
  });

  test.each([
    ["mine", { endpoint_url: "https://evil.example" }],
    ["mine", { region: "evil-1" }],
    ["mine", { certificate: "-----BEGIN CERTIFICATE-----" }],
    ["mine", { endpoint_url: "https://evil.example", access_key_id: "own" }],
    ["google", { token_uri: "https://evil.example" }],
    ["blobs", { account_name: "evil" }],
    ["blobs", { connection_string: "AccountName=account;BlobEndpoint=https://evil.example" }],
    ["web", { url: "https://evil.example" }],
  ])("never sends the credentials of the key %s to the server that the parameters %j name", (key, parameters) => {
    const source = (): ArtifactSource => resolve({ key, path: "m", parameters });
    // A connection string brings its own credentials or none; what counts is that the secret ones are not among them.
    if ("connection_string" in parameters) expect(source()).not.toHaveProperty("credentials");
    else expect(source).toThrow(expect.objectContaining({ reason: "STORAGE_REFUSED", message: expect.not.stringContaining("hunter2") }));
  });

  test("uses another server with the credentials that come beside it", () => {
    const parameters = { endpoint_url: "https://own.example", access_key_id: "own", secret_access_key: "own-secret" };
    const source = resolve({ key: "mine", path: "m", parameters });
    expect(source).toMatchObject({ endpoint: "https://own.example", credentials: { kind: "static", accessKeyId: "own" } });
    expect(source.kind === "s3" && source.credentials?.kind === "static" && source.credentials.secretAccessKey.reveal()).toBe("own-secret");
  });

  test("asks a server that only parameters name without the credentials of the environment", () => {
    const parameters = { type: "s3", bucket: "models", endpoint_url: "https://own.example" };
    expect(resolveStorage({ entries: new Map(), path: "m", parameters })).toMatchObject({ credentials: { kind: "anonymous" } });
    const unsigned = new Map([["default_s3", JSON.stringify({ type: "s3", bucket: "models" })]]);
    expect(resolveStorage({ entries: unsigned, path: "m", parameters })).toMatchObject({ credentials: { kind: "anonymous" } });
    expect(resolveStorage({ entries: unsigned, path: "m", parameters: { type: "s3" } })).toMatchObject({
      credentials: { kind: "ambient" },
    });
  });

  test("shows no secret, neither as JSON nor in a message", () => {
    expect(JSON.stringify(resolve({ key: "mine", path: "m" }))).not.toContain("hunter2");
    expect(() => resolve({ key: "broken" })).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
  });

  test.each([
    [{ key: "absent" }, "no key"],
    [{ key: "mine", parameters: { type: "gcs" } }, "of the type"],
    [{ parameters: { type: "ftp" } }, "not among"],
    [{ parameters: { type: "gcs" } }, "of the type"],
    [{ key: "mine", parameters: { bucket: "../x" } }, "not the name of a bucket"],
  ])("refuses %j by name", (request, why) => {
    expect(() => resolve(request)).toThrow(why);
  });
});
