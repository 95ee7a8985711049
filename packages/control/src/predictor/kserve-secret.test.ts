import type { Secret } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { type PlannedSource, planSource } from "./plan-source.ts";

function plan(
  storageUri: string,
  stringData: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): PlannedSource {
  const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "own", namespace: "default", annotations }, stringData };
  return planSource({ storageUri }, { annotations: { "serving.kserve.io/storageSecretName": "own" }, secret });
}

describe("a Secret in KServe's words", () => {
  test("gives S3 its keys, and its server from the annotations", () => {
    const keys = { AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "hunter2" };
    const credentials = { kind: "static", accessKeyId: "AK" };
    const annotations = {
      "serving.kserve.io/s3-endpoint": "minio:9000",
      "serving.kserve.io/s3-usehttps": "0",
      "serving.kserve.io/s3-region": "eu-1",
    };
    expect(plan("s3://models/m", keys, annotations).source).toMatchObject({ endpoint: "http://minio:9000", region: "eu-1", credentials });
    expect(plan("s3://models/m", keys).source).toMatchObject({ kind: "s3", credentials });
    expect(plan("s3://models/m", keys).source).not.toHaveProperty("endpoint");
  });

  test("gives Google Cloud Storage the key of a service account, and the hub its token", () => {
    const account = JSON.stringify({ private_key: "hunter2", client_email: "a@b", token_uri: "https://oauth2.googleapis.com/token" });
    expect(plan("gs://models/m", { "gcloud-application-credentials.json": account }).source).toMatchObject({
      credentials: { clientEmail: "a@b" },
    });
    const { source } = plan("hf://org/model", { HF_TOKEN: "hunter2" });
    expect(source.kind === "hf" && source.token?.reveal()).toBe("hunter2");
  });

  test("gives the account of the address on Azure its key, or its client", () => {
    const uri = "https://account.blob.core.windows.net/models/m";
    expect(plan(uri, { AZURE_STORAGE_ACCESS_KEY: "aHVudGVyMg==" }).source).toMatchObject({
      account: "account",
      credentials: { kind: "sharedKey" },
    });
    const client = { AZ_CLIENT_ID: "id", AZ_CLIENT_SECRET: "hunter2", AZ_TENANT_ID: "tenant" };
    expect(plan(uri, client).source).toMatchObject({ credentials: { kind: "client", clientId: "id", tenantId: "tenant" } });
  });

  test("sends headers to its host and to no other", () => {
    const data = { "https-host": "files.example", headers: "account-name: me\nsecret-key: hunter2\n" };
    expect(plan("https://files.example/m.onnx", data).source).toMatchObject({ headers: { "account-name": "me", "secret-key": "hunter2" } });
    expect(plan("https://other.example/m.onnx", data).source).not.toHaveProperty("headers");
  });

  test("must exist when an annotation names it", () => {
    const annotations = { "serving.kserve.io/storageSecretName": "own" };
    expect(() => planSource({ storageUri: "s3://models/m" }, { annotations, secret: undefined })).toThrow('the secret "own"');
  });
});
