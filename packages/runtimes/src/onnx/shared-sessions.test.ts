import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeModel } from "@modelyard/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoModel } from "../testing/sample-models.ts";
import { type OrtEngine, type OrtOpenOptions, type OrtSession, openOrtEngine } from "./ort-engine.ts";
import { type HeldSession, SharedSessions } from "./shared-sessions.ts";

const options: OrtOpenOptions = { optimization: "disabled", threads: 1 };
let dir = "";
let path = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-shared-"));
  path = join(dir, "model.onnx");
  await writeFile(path, writeModel(echoModel("shared")));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each([true, false])("SharedSessions with native: %s", (native) => {
  it("opens one session for all that open the same copy, which answers each until the last has released it", async () => {
    const { engine, counts } = counted(native);
    const sessions = new SharedSessions(engine);
    const [first, second] = [await sessions.open(path, options), await sessions.open(path, options)];
    expect(counts).toEqual({ opened: 1, released: 0 });
    await sessions.release(first);
    expect(counts).toEqual({ opened: 1, released: 0 });
    expect(await answerOf(second)).toEqual([1, 2]);
    await sessions.release(second);
    expect(counts).toEqual({ opened: 1, released: 1 });
  });

  it("opens another one after the last was released, and for other threads", async () => {
    const { engine, counts } = counted(native);
    const sessions = new SharedSessions(engine);
    await sessions.release(await sessions.open(path, options));
    const [again, wider] = [await sessions.open(path, options), await sessions.open(path, { ...options, threads: 2 })];
    expect(counts).toEqual({ opened: 3, released: 1 });
    await sessions.release(again);
    expect(await answerOf(wider)).toEqual([1, 2]);
    await sessions.release(wider);
  });

  it("forgets what could not be opened", async () => {
    const sessions = new SharedSessions(openOrtEngine({ native }));
    const late = join(dir, `late-${native}.onnx`);
    const open = async (): Promise<HeldSession> => await sessions.open(late, options);
    await expect(open()).rejects.toThrow();
    await writeFile(late, writeModel(echoModel("late")));
    const session = await open();
    expect(await answerOf(session)).toEqual([1, 2]);
    await sessions.release(session);
  });
});

interface Counted {
  readonly engine: OrtEngine;
  readonly counts: { opened: number; released: number };
}

function counted(native: boolean): Counted {
  const engine = openOrtEngine({ native });
  const counts = { opened: 0, released: 0 };
  const counting = (session: OrtSession): OrtSession => ({
    inputs: session.inputs,
    outputs: session.outputs,
    run: (feeds, fetches) => session.run(feeds, fetches),
    release() {
      counts.released++;
      return session.release();
    },
  });
  const open: OrtEngine["open"] = (file, open) => {
    counts.opened++;
    const opened = engine.open(file, open);
    return opened instanceof Promise ? opened.then(counting) : counting(opened);
  };
  return { engine: { ...engine, open }, counts };
}

async function answerOf(session: HeldSession): Promise<readonly number[]> {
  const outputs = await session.run({ x: { type: "float32", dims: [2], data: Float32Array.of(1, 2), location: "cpu" } }, { z: null });
  return [...((outputs["z"]?.data ?? []) as Float32Array)];
}
