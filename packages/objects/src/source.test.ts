import { expect, test } from "vitest";
import { parseArtifactSource } from "./source.ts";

test.each([
  ["/models/m.onnx", { kind: "file", path: "/models/m.onnx" }],
  ["file:///models/a%20b.onnx", { kind: "file", path: "/models/a b.onnx" }],
  ["http://host/m.onnx", { kind: "http", url: "http://host/m.onnx" }],
  ["https://host/m.onnx?x=1", { kind: "http", url: "https://host/m.onnx?x=1" }],
  ["s3://bucket/a b%20?.onnx", { kind: "s3", bucket: "bucket", path: "a b%20?.onnx" }],
  ["s3://bucket", { kind: "s3", bucket: "bucket", path: "" }],
  ["gs://bucket/dir/", { kind: "gcs", bucket: "bucket", path: "dir/" }],
  ["az://account/models/m", { kind: "azure", account: "account", container: "models", path: "m" }],
  ["https://account.blob.core.windows.net/models/a%20b", { kind: "azure", account: "account", container: "models", path: "a b" }],
  ["hf://org/model", { kind: "hf", repository: "org/model", path: "" }],
  ["hf://org/model@v1/onnx/m.onnx", { kind: "hf", repository: "org/model", revision: "v1", path: "onnx/m.onnx" }],
  ["hf://org/model:v1", { kind: "hf", repository: "org/model", revision: "v1", path: "" }],
  ["pvc://claim/m", { kind: "pvc", claim: "claim", path: "m" }],
])("parseArtifactSource(%s) names what to read", (text, source) => {
  expect(parseArtifactSource(text)).toEqual(source);
});

test.each([
  "m.onnx",
  "ftp://host/m",
  "s3://",
  "s3://key:secret@bucket/m",
  "gs://../m",
  "az://account",
  "hf://model",
  "hf://../model",
  "pvc://../x",
  "file://other-machine/m",
  "http://user:pass@host/m",
  "",
])("parseArtifactSource(%s) is refused", (text) => {
  expect(() => parseArtifactSource(text)).toThrow(expect.objectContaining({ reason: "SOURCE_UNSUPPORTED" }));
});
