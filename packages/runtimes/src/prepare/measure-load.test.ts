import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeClock } from "@modelyard/core/testing";
import { writeModel } from "@modelyard/onnx";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openOrtEngine } from "../onnx/ort-engine.ts";
import { passingPauses } from "../testing/passing-pauses.ts";
import { echoModel } from "../testing/sample-models.ts";
import { measureLoad } from "./measure-load.ts";

const engine = openOrtEngine();
let dir = "";
let path = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-load-"));
  path = join(dir, "model.onnx");
  await writeFile(path, writeModel(echoModel("engine")));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

it.each([
  ["a load that is clearly short once", [1, 50], { loads: 1, micros: 1_000 }],
  ["a load that is clearly long once", [400, 1], { loads: 1, micros: 400_000 }],
  ["a load between them until one is short", [20, 1, 50], { loads: 2, micros: 1_000 }],
  ["a load between them four times, the shortest of which counts", [20, 8, 9, 12, 1], { loads: 4, micros: 8_000 }],
])("measureLoad() times %s", async (_, takenMs, expected) => {
  const clock = fakeClock();
  const left = [...takenMs];
  let released = 0;
  const measuring = measureLoad(async () => {
    await clock.advance(left.shift() ?? 0);
    const session = await engine.open(path, { optimization: "disabled" });
    const release = (): void | Promise<void> => {
      released++;
      return session.release();
    };
    return { ...session, release };
  }, clock);
  const measured = await passingPauses(measuring, clock);
  expect(takenMs.length - left.length).toBe(expected.loads);
  expect(measured.loadMicros).toBe(expected.micros);
  expect(released).toBe(expected.loads - 1);
  await measured.session.release();
});
