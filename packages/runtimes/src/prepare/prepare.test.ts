import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FixedTensor } from "@modelyard/codec";
import { buildModel, buildNode, buildTensor, tensorValue, writeModel } from "@modelyard/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadRequest, LoadStage, ModelRuntime } from "../contract.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";
import { countingModel, denseModel, echoModel, endlessModel, hungryModel, identityModel, loopingModel } from "../testing/sample-models.ts";
import type { PreparedInfo } from "./prepared-info.ts";
import { recordGraph } from "./record-graph.ts";
import { recordIn } from "./recorded-graph.ts";

let workbench: OnnxWorkbench;
beforeAll(async () => {
  workbench = await onnxWorkbench();
});
afterAll(() => workbench.close());

async function stagesOf(runtime: ModelRuntime, request: LoadRequest): Promise<readonly LoadStage[]> {
  const stages: LoadStage[] = [];
  const model = await runtime.load(request, { onStage: (stage) => stages.push(stage) });
  await model.unload();
  return stages;
}

/** Folders of prepared copies. */
async function copies(): Promise<readonly string[]> {
  const names = await readdir(workbench.preparedDir, { recursive: true });
  return names.filter((name) => name.endsWith("model.onnx")).map((name) => join(workbench.preparedDir, name, ".."));
}

const prepared: readonly LoadStage[] = ["verify", "prepare", "load"];
const reused: readonly LoadStage[] = ["verify", "load"];

describe("a prepared copy", () => {
  it("is made once and reused by other models with the same bytes and by other processes", async () => {
    const request = await workbench.store(echoModel("reuse"));
    const again = { ...request, modelId: "another-id" };
    expect(await stagesOf(workbench.open(), request)).toEqual(prepared);
    const other = workbench.open();
    expect(await stagesOf(other, request)).toEqual(reused);
    expect(await stagesOf(other, again)).toEqual(reused);
  });

  it("is made once when many ask at the same time", async () => {
    const request = await workbench.store(echoModel("at once"));
    const before = (await copies()).length;
    const runtime = workbench.open();
    await Promise.all(Array.from({ length: 8 }, () => stagesOf(runtime, request)));
    expect((await copies()).length).toBe(before + 1);
  });

  it("is made again after the folder was deleted", async () => {
    const request = await workbench.store(echoModel("deleted"));
    const runtime = workbench.open();
    await stagesOf(runtime, request);
    await rm(workbench.preparedDir, { recursive: true });
    expect(await stagesOf(runtime, request)).toEqual(prepared);
  });

  const damages: readonly (readonly [string, (dir: string) => Promise<void>])[] = [
    ["its graph is cut off", (dir) => truncate(join(dir, "model.onnx"), 20)],
    ["a byte of its graph has rotted", flipByte],
    ["its graph is gone", (dir) => rm(join(dir, "model.onnx"))],
    ["its record is cut off", async (dir) => truncate(join(dir, "model.onnx"), (await stat(join(dir, "model.onnx"))).size - 40)],
    [
      "its record is of another format",
      (dir) => rewrite(dir, (graph, record) => recordGraph(graph, record.replace(/"format":\d/, '"format":0'))),
    ],
    ["its record is gone", (dir) => rewrite(dir, (graph) => graph)],
  ];
  it.each(damages)("is made again when %s", async (how, damage) => {
    await rm(workbench.preparedDir, { recursive: true, force: true });
    const request = await workbench.store(echoModel(how));
    const runtime = workbench.open();
    await stagesOf(runtime, request);
    for (const dir of await copies()) await damage(dir);
    expect(await stagesOf(runtime, request)).toEqual(prepared);
    expect(await stagesOf(runtime, request)).toEqual(reused);
  });

  it("records what was measured and changed", async () => {
    await rm(workbench.preparedDir, { recursive: true, force: true });
    await stagesOf(workbench.open(), await workbench.store(identityModel("BF16")));
    const [dir] = await copies();
    const info = JSON.parse(await readRecord(dir ?? "")) as Record<string, unknown>;
    expect(info).toMatchObject({ inputs: [{ name: "x", datatype: "BF16", boundDatatype: "FP32", shape: [-1] }], threads: 1, warnings: [] });
    expect(info["edits"]).not.toEqual([]);
    expect(info["runMicros"]).toBeGreaterThan(0);
  });
});

describe("a model that cannot be served fails alone", () => {
  let runtime: ModelRuntime;
  beforeAll(() => {
    runtime = workbench.open({ limits: { prepareMemoryBytes: 3 * 2 ** 30 } });
  });

  const whyOf = async (request: LoadRequest): Promise<string> => {
    const failure = await runtime.load(request).then(
      () => "it loaded",
      (error: { reason: string; message: string }) => `${error.reason}: ${error.message}`,
    );
    // Another model goes on.
    await stagesOf(runtime, await workbench.store(echoModel("bystander")));
    return failure;
  };

  it("truncated: says that the file is not a valid model", async () => {
    const bytes = writeModel(denseModel(32));
    expect(await whyOf(await workbench.store(bytes.subarray(0, bytes.length / 2)))).toMatch(/^MODEL_LOAD_FAILED: .*not a valid ONNX model/);
  });

  it("no model at all", async () => {
    expect(await whyOf(await workbench.store(Buffer.from("<html>404</html>")))).toMatch(/^MODEL_LOAD_FAILED: .*not a valid ONNX model/);
  });

  it("an operator nobody knows: names it", async () => {
    const node = buildNode({ opType: "Frobnicate", inputs: ["x"], outputs: ["y"] });
    const model = buildModel({ nodes: [node], inputs: [tensorValue("x", "FP32", [1])], outputs: [tensorValue("y", "FP32", [1])] });
    expect(await whyOf(await workbench.store(model))).toMatch(/^MODEL_LOAD_FAILED: .*Frobnicate/);
  });

  it.each([
    ["1 TiB", 2n ** 38n],
    ["20 GiB", 5n * 2n ** 30n],
  ])("asks for %s: says that it asks for more memory than it may have", async (_amount, elements) => {
    expect(await whyOf(await workbench.store(hungryModel(elements)))).toMatch(/^MODEL_LOAD_FAILED: .*more memory than it may have/);
  });

  it("never ends: is stopped at its run limit", async () => {
    const request = await workbench.store(endlessModel(), { runLimit: "300ms" });
    expect(await whyOf(request)).toMatch(/^MODEL_LOAD_FAILED: .*a run with generated inputs did not end within 300 ms/);
  });

  it("a run limit that is no duration: says what it should be", async () => {
    expect(await whyOf(await workbench.store(echoModel("limit"), { runLimit: "soon" }))).toMatch(/"runLimit" is "soon"/);
  });

  it("another format: says which this runtime takes", async () => {
    const request = { ...(await workbench.store(echoModel("format"))), modelType: "pytorch" };
    expect(await whyOf(request)).toMatch(/"pytorch".*"onnx"/);
  });

  it("leaves no half-made copy behind", async () => {
    const names = await readdir(workbench.preparedDir);
    expect(names.filter((name) => name.startsWith("tmp-"))).toEqual([]);
  });
});

describe("an unusual model is served", () => {
  it("weights in a file beside the graph", async () => {
    const dense = denseModel(16);
    const graph = dense.graph;
    if (!graph) throw new Error("the dense model has a graph");
    const weights = graph.initializer[0]?.rawData ?? new Uint8Array();
    const { rawData: _inside, ...tensor } = { ...graph.initializer[0], name: "w", dims: [16n, 16n], dataType: 1 };
    const external = {
      ...buildTensor({ name: "w", datatype: "FP32", shape: [0], data: [] }),
      ...tensor,
      dataLocation: 1,
      externalData: [{ key: "location", value: "weights.bin" }],
    };
    const { rawData: _empty, ...outside } = external;
    const request = await workbench.store({
      "net/model.onnx": writeModel({ ...dense, graph: { ...graph, initializer: [outside] } }),
      "net/weights.bin": weights,
    });
    const runtime = workbench.open();
    const [inside, beside] = [await runtime.load(await workbench.store(dense)), await runtime.load(request)];
    const inputs: readonly FixedTensor[] = [
      { name: "x", datatype: "FP32", shape: [1, 16], bytes: new Uint8Array(new Float32Array(16).fill(2).buffer) },
    ];
    expect(await beside.infer({ inputs, outputNames: undefined })).toEqual(await inside.infer({ inputs, outputNames: undefined }));
  });

  it("a classifier whose probabilities are maps", async () => {
    const model = await workbench.open().load(await workbench.store(classifier()));
    const inputs: readonly FixedTensor[] = [
      { name: "x", datatype: "FP32", shape: [1, 2], bytes: new Uint8Array(Float32Array.of(3, 1).buffer) },
    ];
    const outputs = await model.infer({ inputs, outputNames: undefined });
    expect(outputs.map((output) => [output.name, output.datatype, output.shape])).toEqual([
      ["label", "INT64", [1]],
      ["probabilities", "FP32", [1, 2]],
    ]);
  });

  it("a graph that does not state the rank of what it takes", async () => {
    const model = buildModel({
      nodes: [buildNode({ opType: "Identity", inputs: ["x"], outputs: ["y"] })],
      inputs: [tensorValue("x", "FP32")],
      outputs: [tensorValue("y", "FP32")],
    });
    const loaded = await workbench.open().load(await workbench.store(model));
    expect(loaded.signature.inputs[0]?.shape.every((dim) => dim === -1)).toBe(true);
  });

  it("a graph that refuses generated inputs runs in a worker, since its time is not known", async () => {
    const parse = buildModel({
      nodes: [
        buildNode({ opType: "Constant", inputs: [], outputs: ["shape"], attributes: { value_ints: [-1n, 2n] } }),
        buildNode({ opType: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }),
      ],
      inputs: [tensorValue("x", "FP32", ["n"])],
      outputs: [tensorValue("y", "FP32", ["m", 2])],
    });
    expect((await workbench.open().load(await workbench.store(parse))).placement).toBe("worker");
  });

  it("a quick model runs on the I/O thread, a slow one in a worker", async () => {
    const runtime = workbench.open();
    const slow = await runtime.load(await workbench.store(loopingModel(100_000n)));
    const quick = await runtime.load(await workbench.store(countingModel()));
    expect([slow.placement, quick.placement]).toEqual(["worker", "inline"]);
  });
});

describe("the size of a model", () => {
  it("is measured above 8 MiB and estimated below, and both are near the file's", async () => {
    const runtime = workbench.open();
    const [large, small] = [await workbench.store(denseModel(1600)), await workbench.store(denseModel(100))];
    const predicted = await runtime.predictSizeBytes(large);
    const models = [await runtime.load(large), await runtime.load(small)];
    const [measured, estimated] = models;
    expect(models.map((model) => model.sizeSource)).toEqual(["measured", "estimated"]);
    const fileBytes = 1600 * 1600 * 4;
    for (const size of [predicted, measured?.sizeBytes ?? 0]) expect(size / fileBytes).toBeGreaterThanOrEqual(1);
    for (const size of [predicted, measured?.sizeBytes ?? 0]) expect(size / fileBytes).toBeLessThan(4);
    expect(estimated?.sizeBytes).toBeGreaterThan(100 * 100 * 4);
    expect(await runtime.predictSizeBytes(small)).toBe(estimated?.sizeBytes);
  });
});

async function readRecord(dir: string): Promise<string> {
  return recordIn(await readFile(join(dir, "model.onnx"))) ?? "";
}

async function rewrite(dir: string, change: (graph: Uint8Array, record: string) => Uint8Array): Promise<void> {
  const record = await readRecord(dir);
  const { files } = JSON.parse(record) as PreparedInfo;
  const path = join(dir, "model.onnx");
  await writeFile(path, change((await readFile(path)).subarray(0, files[0]?.sizeBytes), record));
}

async function flipByte(dir: string): Promise<void> {
  await rewrite(dir, (graph, record) => {
    const at = Math.floor(graph.length / 2);
    graph[at] = (graph[at] ?? 0) ^ 0x40;
    return recordGraph(graph, record);
  });
}

/** A linear classifier as converters write it: label, and a sequence of maps from class to probability. */
function classifier(): ReturnType<typeof buildModel> {
  const ml = "ai.onnx.ml";
  return buildModel({
    opset: { "": 17, [ml]: 3 },
    irVersion: 8,
    nodes: [
      buildNode({
        domain: ml,
        opType: "LinearClassifier",
        inputs: ["x"],
        outputs: ["label", "scores"],
        attributes: { classlabels_ints: [4n, 7n], coefficients: [1, 0.5, 0.5, 1], intercepts: [0.5, 0.25], post_transform: "SOFTMAX" },
      }),
      buildNode({
        domain: ml,
        opType: "ZipMap",
        inputs: ["scores"],
        outputs: ["probabilities"],
        attributes: { classlabels_int64s: [4n, 7n] },
      }),
    ],
    inputs: [tensorValue("x", "FP32", ["n", 2])],
    outputs: [
      tensorValue("label", "INT64", ["n"]),
      {
        name: "probabilities",
        metadataProps: [],
        type: { sequenceType: { elemType: { mapType: { keyType: 7, valueType: { tensorType: { elemType: 1, shape: { dim: [] } } } } } } },
      },
    ],
  });
}
