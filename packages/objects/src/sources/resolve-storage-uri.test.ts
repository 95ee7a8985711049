import { describe, expect, test } from "vitest";
import type { ArtifactSource } from "../contract.ts";
import { resolveStorageUri, type StorageUriRequest } from "./resolve-storage-uri.ts";

const s3 = {
  type: "s3",
  access_key_id: "AK",
  secret_access_key: "hunter2",
  endpoint_url: "https://s3.example",
  region: "eu-1",
  bucket: "mine",
};
const azure = { type: "azure", container: "other", connection_string: "AccountName=account;AccountKey=aHVudGVyMg==" };
const entries = new Map(
  Object.entries({
    mine: s3,
    default_s3: { ...s3, access_key_id: "DEFAULT" },
    default: { type: "pvc", name: "claim" },
    default_http: { type: "http", url: "https://web.example/base", headers: { authorization: "hunter2" }, certificate: "PEM" },
    default_azure: azure,
    default_hf: { type: "hf", token: "hunter2" },
    google: { type: "gcs", private_key: "hunter2", client_email: "a@b" },
  }).map(([key, entry]) => [key, JSON.stringify(entry)]),
);

function resolve(uri: string, more: Partial<StorageUriRequest> = {}): ArtifactSource {
  return resolveStorageUri({ entries, uri, ...more });
}

describe("resolveStorageUri()", () => {
  test("takes bucket and path of the address, server and credentials of default_<type>", () => {
    expect(resolve("s3://models/a/b", { parameters: { bucket: "loses" } })).toMatchObject({
      kind: "s3",
      bucket: "models",
      path: "a/b",
      endpoint: "https://s3.example",
      region: "eu-1",
      credentials: { kind: "static", accessKeyId: "DEFAULT" },
    });
  });

  test("takes the key that is named", () => {
    expect(resolve("s3://models/a", { key: "mine" })).toMatchObject({ bucket: "models", credentials: { accessKeyId: "AK" } });
    expect(resolve("gs://models/a", { key: "google" })).toMatchObject({ bucket: "models", credentials: { clientEmail: "a@b" } });
  });

  test("leaves a default out that is of another type", () => {
    expect(resolve("gs://models/a")).toEqual({ kind: "gcs", bucket: "models", path: "a" });
    expect(resolveStorageUri({ entries: new Map([["default", JSON.stringify(azure)]]), uri: "s3://models/a" })).not.toHaveProperty(
      "credentials",
    );
  });

  test("sends headers and trusts the certificate below the url of the entry, and nowhere else", () => {
    const below = {
      kind: "http",
      url: "https://web.example/base/m.onnx?v=2",
      headers: { authorization: "hunter2" },
      tls: { certificate: "PEM" },
    };
    expect(resolve(below.url)).toEqual(below);
    for (const url of [
      "https://web.example/based/m.onnx",
      "https://web.example/m.onnx",
      "http://web.example/base/m.onnx",
      "https://evil.example/base/m",
    ])
      expect(resolve(url)).toEqual({ kind: "http", url });
    expect(() => resolve("https://web.example/m.onnx", { key: "default_http" })).toThrow("not below");
  });

  test("takes the key of an account of Azure for that account only", () => {
    const source = { kind: "azure", account: "account", container: "models", path: "m" };
    expect(resolve("az://account/models/m")).toMatchObject({ ...source, credentials: { kind: "sharedKey" } });
    expect(resolve("az://another/models/m")).toEqual({ ...source, account: "another" });
    expect(() => resolve("az://another/models/m", { key: "default_azure" })).toThrow("to another server");
    expect(resolve("https://account.blob.core.windows.net/models/m?sig=own")).toMatchObject({ credentials: { kind: "sas" } });
  });

  test("takes the token of the hub, and keeps the revision", () => {
    const source = resolve("hf://org/model@v1/m.onnx");
    expect(source).toMatchObject({ kind: "hf", repository: "org/model", revision: "v1", path: "m.onnx" });
    expect(source.kind === "hf" && source.token?.reveal()).toBe("hunter2");
  });

  test("refuses parameters that would send the credentials elsewhere", () => {
    const parameters = { endpoint_url: "https://evil.example" };
    expect(() => resolve("s3://models/a", { parameters })).toThrow(expect.objectContaining({ reason: "STORAGE_REFUSED" }));
    expect(resolveStorageUri({ entries: new Map(), uri: "s3://models/a", parameters })).toMatchObject({
      credentials: { kind: "anonymous" },
    });
  });

  test("leaves what needs no credentials as it is, and refuses a key for it", () => {
    expect(resolve("file:///m.onnx", { parameters: { runLimit: "1s" } })).toEqual({ kind: "file", path: "/m.onnx" });
    expect(resolve("pvc://volume/m")).toEqual({ kind: "pvc", claim: "volume", path: "m" });
    expect(() => resolve("file:///m.onnx", { key: "mine" })).toThrow("takes nothing");
    expect(() => resolve("s3://models/m", { key: "absent" })).toThrow("no key");
    expect(() => resolve("s3://models/m", { key: "google" })).toThrow("of the type");
  });
});
