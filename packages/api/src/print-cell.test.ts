import { describe, expect, test } from "vitest";
import { inferenceServiceKind } from "./kinds/inference-service.ts";
import { cellOf } from "./print-cell.ts";

const object = {
  spec: { supportedModelFormats: [{ name: "onnx" }, { name: "keras" }] },
  status: {
    url: "http://x",
    conditions: [
      { type: "PredictorReady", status: "False" },
      { type: "Ready", status: "True" },
    ],
  },
};
const cell = (path: string): unknown => cellOf({ name: "X", type: "string", path, priority: 0 }, object);

describe("cellOf", () => {
  test("reads a path", () => expect(cell("status.url")).toBe("http://x"));
  test("reads the condition of a type", () => expect(cell("status.conditions[?type=Ready].status")).toBe("True"));
  test("joins the values of a list", () => expect(cell("spec.supportedModelFormats[*].name")).toBe("onnx,keras"));
  test("is null where there is nothing", () => {
    expect(cell("status.nothing.here")).toBeNull();
    expect(inferenceServiceKind.columns.map((column) => cellOf(column, {}))).toEqual(inferenceServiceKind.columns.map(() => null));
  });
});
