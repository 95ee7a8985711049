import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeModel } from "@modelyard/onnx";
import { describe, expect, it } from "vitest";
import { echoModel } from "../testing/sample-models.ts";
import { parseRunLimitMs } from "./load-parameters.ts";
import { openOrtEngine } from "./ort-engine.ts";
import { isOutOfMemory, ortReason } from "./ort-reason.ts";

describe("openOrtEngine", () => {
  it("finds the native binding of the pinned version, whose runs are synchronous", () => {
    expect(openOrtEngine().isSynchronous).toBe(true);
  });

  it.each([true, false])("runs a file with native: %s", async (native) => {
    const dir = await mkdtemp(join(tmpdir(), "modelyard-ort-"));
    try {
      const path = join(dir, "model.onnx");
      await writeFile(path, writeModel(echoModel("engine")));
      const session = await openOrtEngine({ native }).open(path, { optimization: "disabled" });
      expect(session.inputs).toMatchObject([{ name: "x", isTensor: true, shape: [-1] }]);
      const outputs = await session.run({ x: { type: "float32", dims: [2], data: Float32Array.of(1, 2), location: "cpu" } }, { z: null });
      expect(Object.keys(outputs)).toEqual(["z"]);
      expect(outputs["z"]).toMatchObject({ type: "float32", dims: [2], data: Float32Array.of(1, 2) });
      await session.release();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("lets the library report to nobody: no identifier, no record of sessions, no log is left behind", async () => {
    const dir = await mkdtemp(join(tmpdir(), "modelyard-ort-"));
    try {
      const path = join(dir, "model.onnx");
      await writeFile(path, writeModel(echoModel("engine")));
      const home = join(dir, "home");
      await mkdir(home);
      // Nothing else in the environment: the library keeps quiet by itself where it finds the variables of a CI system.
      const env = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: home };
      const program = fileURLToPath(new URL("../testing/opening-program.ts", import.meta.url));
      const child = spawn(process.execPath, ["--conditions=modelyard-source", program, path], { env, stdio: "inherit" });
      expect(await once(child, "exit")).toEqual([0, null]);
      expect(await readdir(home)).toEqual([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe("ortReason", () => {
  it.each([
    [
      "Non-zero status code returned while running Reshape node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:44 onnxruntime::ReshapeHelper::ReshapeHelper(const TensorShape&, TensorShapeVector&, bool) gsl::narrow_cast<int64_t>(1) == size was false. Input shape:{3}\n",
      "Non-zero status code returned while running Reshape node. Name:'' Status Message: gsl::narrow_cast<int64_t>(1) == size was false. Input shape:{3}",
    ],
    ["Load model from /srv/data/prepared/ab/model.onnx failed:Protobuf parsing failed.", "Loading failed:Protobuf parsing failed."],
    ['External data path does not exist: "/srv/data/weights.bin"', 'External data path does not exist: "weights.bin"'],
    ["std::bad_alloc", "std::bad_alloc"],
  ])("turns %j into %j", (text, reason) => {
    expect(ortReason(new Error(text))).toBe(reason);
  });

  it("cuts off what is too long for a status", () => {
    expect(ortReason(new Error("x".repeat(10_000))).length).toBeLessThan(600);
  });

  it("isOutOfMemory() knows both of its texts", () => {
    expect(["std::bad_alloc", "Failed to allocate memory for requested buffer of size 9", "no such node"].map(isOutOfMemory)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe("parseRunLimitMs", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["2m", 120_000],
  ])("reads %s as %d ms", (runLimit, limitMs) => {
    expect(parseRunLimitMs({ runLimit }, 1)).toBe(limitMs);
  });

  it("takes the default where there is none", () => {
    expect(parseRunLimitMs({}, 7)).toBe(7);
  });

  it.each(["", "0ms", "-1s", "10", "1h", "25m0s", "2000m", "NaNms"])("refuses %j", (runLimit) => {
    expect(() => parseRunLimitMs({ runLimit }, 1)).toThrow(/runLimit/);
  });
});
