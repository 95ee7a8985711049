import { expect, test } from "vitest";
import { parseArtifactSource } from "./source.ts";

test.each([
  ["/models/m.onnx", { kind: "file", path: "/models/m.onnx" }],
  ["file:///models/a%20b.onnx", { kind: "file", path: "/models/a b.onnx" }],
  ["http://host/m.onnx", { kind: "http", url: "http://host/m.onnx" }],
  ["https://host/m.onnx?x=1", { kind: "http", url: "https://host/m.onnx?x=1" }],
])("parseArtifactSource(%s) names what to read", (text, source) => {
  expect(parseArtifactSource(text)).toEqual(source);
});

test.each(["m.onnx", "ftp://host/m", "file://other-machine/m", "http://user:pass@host/m", ""])(
  "parseArtifactSource(%s) is refused",
  (text) => {
    expect(() => parseArtifactSource(text)).toThrow(expect.objectContaining({ reason: "SOURCE_UNSUPPORTED" }));
  },
);
