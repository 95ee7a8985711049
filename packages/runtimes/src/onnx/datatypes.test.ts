import { type Datatype, datatypes, elementSizeBytes, type FixedDatatype, type Tensor } from "@modelyard/codec";
import { buildModel, buildNode, tensorValue } from "@modelyard/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedModel, ModelRuntime } from "../contract.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";
import { identityModel } from "../testing/sample-models.ts";

let workbench: OnnxWorkbench;
const runtimes = new Map<string, ModelRuntime>();
beforeAll(async () => {
  workbench = await onnxWorkbench();
  runtimes.set("inline", workbench.open({ limits: { inlineBelowMicros: 1e9 } }));
  runtimes.set("worker", workbench.open({ limits: { inlineBelowMicros: 0 } }));
});
afterAll(() => workbench.close());

async function load(place: string, model: Parameters<OnnxWorkbench["store"]>[0]): Promise<LoadedModel> {
  const runtime = runtimes.get(place);
  if (!runtime) throw new Error(`no runtime for ${place}`);
  return await runtime.load(await workbench.store(model));
}

async function echo(model: LoadedModel, input: Tensor): Promise<Tensor | undefined> {
  const [output] = await model.infer({ inputs: [input], outputNames: undefined });
  return output;
}

const fixedDatatypes = datatypes.filter((datatype): datatype is FixedDatatype => datatype !== "BYTES");
const places = ["inline", "worker"] as const;

describe.each(places)("tensors %s", (place) => {
  it.each(fixedDatatypes)("%s passes unchanged: two elements, one, none, and a scalar", async (datatype) => {
    const model = await load(place, identityModel(datatype));
    const scalars = await load(place, identityModel(datatype, []));
    const size = elementSizeBytes(datatype);
    expect(model.signature.inputs).toEqual([{ name: "x", datatype, shape: [-1] }]);
    for (const count of [2, 1, 0]) {
      const bytes = patternOf(datatype, count);
      const output = await echo(model, { name: "x", datatype, shape: [count], bytes });
      expect(output).toEqual({ name: "y", datatype, shape: [count], bytes });
    }
    const bytes = patternOf(datatype, 1);
    expect(bytes.length).toBe(size);
    expect(await echo(scalars, { name: "x", datatype, shape: [], bytes })).toEqual({ name: "y", datatype, shape: [], bytes });
  });

  it("BYTES pass unchanged: empty strings, several alphabets, NUL, noncharacters, none at all", async () => {
    const model = await load(place, identityModel("BYTES", ["n", "m"]));
    const texts = ["", "digit", "élan 数字 🙂", "a\0b\0", "\u{10FFFF}", "\0"];
    const elements = texts.map((text) => new TextEncoder().encode(text));
    const output = await echo(model, { name: "x", datatype: "BYTES", shape: [2, 3], elements });
    expect(
      output?.datatype === "BYTES" && output.elements.map((element) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(element)),
    ).toEqual(texts);
    expect(output?.shape).toEqual([2, 3]);
    expect(await echo(model, { name: "x", datatype: "BYTES", shape: [0, 4], elements: [] })).toMatchObject({ shape: [0, 4], elements: [] });
  });

  it("bytes that are not UTF-8 are refused with the place where they are", async () => {
    const model = await load(place, identityModel("BYTES"));
    const elements = [Buffer.from("ok"), Buffer.from([0xff, 0xfe])];
    const run = async (): Promise<unknown> => await echo(model, { name: "x", datatype: "BYTES", shape: [2], elements });
    await expect(run()).rejects.toMatchObject({ reason: "INVALID_UTF8", details: { input: "x", index: 1 } });
  });

  it("BOOL bytes other than 0 and 1 count as true", async () => {
    const model = await load(place, identityModel("BOOL"));
    const output = await echo(model, { name: "x", datatype: "BOOL", shape: [3], bytes: Uint8Array.of(0, 7, 255) });
    expect(output).toMatchObject({ bytes: Uint8Array.of(0, 1, 1) });
  });

  it("shapes with fixed and open dimensions pass, each with its own sizes", async () => {
    const model = await load(place, identityModel("FP32", ["batch", 2, -1]));
    expect(model.signature.inputs[0]?.shape).toEqual([-1, 2, -1]);
    for (const shape of [
      [1, 2, 1],
      [3, 2, 4],
      [2, 2, 0],
    ]) {
      const bytes = patternOf(
        "FP32",
        shape.reduce((product, dim) => product * dim, 1),
      );
      expect(await echo(model, { name: "x", datatype: "FP32", shape, bytes })).toEqual({ name: "y", datatype: "FP32", shape, bytes });
    }
  });

  it("a run that the graph refuses fails with RUN_FAILED and the runtime's reason, and the next one works", async () => {
    const model = await load(place, reshapeModel());
    const run = async (count: number): Promise<unknown> =>
      await echo(model, { name: "x", datatype: "FP32", shape: [count], bytes: new Uint8Array(4 * count) });
    await expect(run(3)).rejects.toMatchObject({ reason: "RUN_FAILED", message: expect.stringMatching(/Reshape/) });
    await expect(run(3)).rejects.not.toMatchObject({ message: expect.stringMatching(/onnxruntime_src/) });
    await expect(run(4)).resolves.toMatchObject({ shape: [2, 2] });
  });
});

/** Elements that are not all zero and valid in every datatype. */
function patternOf(datatype: Datatype, count: number): Uint8Array {
  if (datatype === "BYTES") throw new Error("strings have no fixed size");
  const bytes = new Uint8Array(count * elementSizeBytes(datatype));
  // Low bytes only: small integers, and in the float formats small finite numbers (subnormal in some). BF16 and FP16 get 1.0 and -2.0.
  for (let index = 0; index < count; index++) bytes[index * elementSizeBytes(datatype)] = index + (datatype === "BOOL" ? 0 : 1);
  if (datatype === "BF16") new Uint16Array(bytes.buffer).set([0x3f80, 0xc000].slice(0, count));
  if (datatype === "FP16") new Uint16Array(bytes.buffer).set([0x3c00, 0xc000].slice(0, count));
  return bytes;
}

/** `y` = `x` in rows of two. */
function reshapeModel(): ReturnType<typeof buildModel> {
  return buildModel({
    nodes: [
      buildNode({ opType: "Constant", inputs: [], outputs: ["shape"], attributes: { value_ints: [-1n, 2n] } }),
      buildNode({ opType: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }),
    ],
    inputs: [tensorValue("x", "FP32", ["n"])],
    outputs: [tensorValue("y", "FP32", ["m", 2])],
  });
}
