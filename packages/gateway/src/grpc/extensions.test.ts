import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { status } from "@grpc/grpc-js";
import { fakeClock } from "@modelyard/core/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { grpcClient, type Message, refusalOf, startTestServer, type TestGrpcClient, type TestServer, testModel } from "../testing/index.ts";
import { lookIntervalMs } from "./health/health-service.ts";

const clock = fakeClock();
let server: TestServer;
let client: TestGrpcClient;

beforeAll(async () => {
  const pair = { revision: 1, model: await testModel("default/pair__isvc-1") };
  server = await startTestServer({ services: [{ name: "pair", revisions: [pair] }], clock });
  client = grpcClient(server.port);
});

afterEach(() => {
  server.mesh.isReady = true;
});

afterAll(async () => {
  client.close();
  await server.close();
});

/** Sends messages, ends, and returns the answers. */
function answersOf(method: string, messages: readonly Message[]): Promise<readonly Message[]> {
  const stream = client.open(method);
  const answers: Message[] = [];
  for (const message of messages) stream.write(message);
  stream.end();
  return new Promise((resolve, reject) => {
    stream.on("data", (answer: Message) => answers.push(answer));
    stream.on("error", reject);
    stream.on("end", () => resolve(answers));
  });
}

describe("the model repository over gRPC", () => {
  it("lists, unloads and loads", async () => {
    const entry = { name: "pair", version: "1", state: "READY", reason: "" };
    expect(await client.call("RepositoryIndex", {})).toEqual({ models: [entry] });
    expect(await client.call("RepositoryModelUnload", { model_name: "pair" })).toEqual({});
    expect(await client.call("RepositoryIndex", {})).toMatchObject({ models: [{ state: "UNAVAILABLE", reason: "unloaded" }] });
    expect(await client.call("RepositoryIndex", { ready: true })).toEqual({ models: [] });
    expect(await client.call("ModelReady", { name: "pair" })).toEqual({ ready: false });
    expect(await refusalOf(client.call("ModelInfer", { model_name: "pair" }))).toContain("UNAVAILABLE");
    expect(await client.call("RepositoryModelLoad", { model_name: "pair" })).toEqual({});
    expect(await client.call("ModelReady", { name: "pair" })).toEqual({ ready: true });
  });

  it("refuses what is not there, and overrides by name", async () => {
    expect(await refusalOf(client.call("RepositoryModelLoad", { model_name: "absent" }))).toContain('NOT_FOUND: The model "absent"');
    const parameters = { config: { string_param: "{}" } };
    expect(await refusalOf(client.call("RepositoryModelLoad", { model_name: "pair", parameters }))).toContain(
      'UNIMPLEMENTED: The parameter "config"',
    );
  });
});

describe("configuration and statistics over gRPC", () => {
  it("describes a model as Triton's clients read it", async () => {
    const tensor = { data_type: "TYPE_FP32", dims: ["2"] };
    expect(await client.call("ModelConfig", { name: "pair" })).toMatchObject({
      config: {
        name: "pair",
        platform: "onnxruntime_onnx",
        backend: "onnxruntime",
        max_batch_size: 2_147_483_647,
        version_policy: { policy_choice: "specific", specific: { versions: ["1"] } },
        input: [{ name: "x", ...tensor }],
        output: [{ name: "y", ...tensor }],
        instance_group: [{ name: "pair", kind: "KIND_CPU", count: 1 }],
      },
    });
    expect(await refusalOf(client.call("ModelConfig", { name: "absent" }))).toContain("NOT_FOUND");
  });

  it("counts inferences", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [3, 2], contents: { fp32_contents: [1, 2, 3, 4, 5, 6] } }];
    await client.call("ModelInfer", { model_name: "pair", inputs });
    const { model_stats } = await client.call("ModelStatistics", { name: "pair" });
    expect(model_stats).toMatchObject([
      {
        name: "pair",
        version: "1",
        inference_count: "3",
        execution_count: "1",
        batch_stats: [{ batch_size: "3" }],
        inference_stats: { success: { count: "1" } },
      },
    ]);
    expect(await refusalOf(client.call("ModelStatistics", { name: "pair", version: "9" }))).toContain("NOT_FOUND");
  });

  it("gives classes as BYTES", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }];
    const outputs = [{ name: "y", parameters: { classification: { int64_param: 1 } } }];
    const answer = await client.call("ModelInfer", { model_name: "pair", inputs, outputs });
    expect(answer["outputs"]).toMatchObject([
      { datatype: "BYTES", shape: ["1", "1"], contents: { bytes_contents: [Buffer.from("2.000000:1")] } },
    ]);
  });
});

it.each([
  ["TraceSetting", "The trace extension: requests are traced by no setting of a client. It"],
  ["LogSettings", "The logging extension: the log is configured where the server is started. It"],
  ...["Status", "Register", "Unregister"].flatMap((verb) => [
    [`SystemSharedMemory${verb}`, "System shared memory"],
    [`CudaSharedMemory${verb}`, "CUDA shared memory"],
  ]),
])("%s is refused by name", async (method, what) => {
  expect(await refusalOf(client.call(method, {}))).toBe(`UNIMPLEMENTED: ${what} is not supported`);
});

describe("health over gRPC", () => {
  const check = "grpc.health.v1.Health/Check";
  const watch = "grpc.health.v1.Health/Watch";

  it("says how the server and its inference service are", async () => {
    for (const service of ["", "inference.GRPCInferenceService"])
      expect(await client.call(check, { service })).toEqual({ status: "SERVING" });
    server.mesh.isReady = false;
    expect(await client.call(check, {})).toEqual({ status: "NOT_SERVING" });
    expect(await refusalOf(client.call(check, { service: "other" }))).toBe('NOT_FOUND: The service "other" was not found');
  });

  it("tells who watches of each change, once", async () => {
    const stream = client.open(watch);
    const seen: unknown[] = [];
    stream.on("data", ({ status: one }: Message) => seen.push(one));
    stream.on("error", () => {});
    stream.write({ service: "" });
    stream.end();
    await expect.poll(() => seen).toEqual(["SERVING"]);
    await clock.advance(lookIntervalMs);
    server.mesh.isReady = false;
    await clock.advance(lookIntervalMs);
    await expect.poll(() => seen).toEqual(["SERVING", "NOT_SERVING"]);
    server.mesh.isReady = true;
    await clock.advance(lookIntervalMs);
    await expect.poll(() => seen).toEqual(["SERVING", "NOT_SERVING", "SERVING"]);
    stream.cancel();
  });

  it("watches a service that is not here as unknown, and refuses a second message and none", async () => {
    const stream = client.open(watch);
    const seen: unknown[] = [];
    const code = new Promise((resolve) => stream.on("status", (end) => resolve(status[end.code])));
    stream.on("data", ({ status: one }: Message) => seen.push(one));
    stream.on("error", () => {});
    stream.write({ service: "other" });
    await expect.poll(() => seen).toEqual(["SERVICE_UNKNOWN"]);
    stream.write({ service: "other" });
    expect(await code).toBe("INTERNAL");
    await expect(answersOf(watch, [])).rejects.toMatchObject({ code: status.INTERNAL });
  });
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const method = `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

  it("lists the services and answers with the file of a name, symbol or method", async () => {
    const [list, ...files] = await answersOf(method, [
      { list_services: "" },
      { file_by_filename: "inference.proto" },
      { file_containing_symbol: "inference.GRPCInferenceService" },
      { file_containing_symbol: "inference.GRPCInferenceService.ModelInfer" },
      { file_containing_symbol: "inference.ModelInferRequest.InferInputTensor" },
    ]);
    const names = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    expect(list).toMatchObject({
      list_services_response: { service: [...names, "inference.GRPCInferenceService"].map((name) => ({ name })) },
    });
    const bytes = files.map(
      (one) => (one["file_descriptor_response"] as { readonly file_descriptor_proto: readonly Buffer[] }).file_descriptor_proto,
    );
    expect(bytes.map((one) => one[0]?.includes("inference.proto"))).toEqual([true, true, true, true]);
  });

  it("tells what is not there in the answer and goes on", async () => {
    const answers = await answersOf(method, [
      { file_by_filename: "other.proto" },
      { file_containing_symbol: "other.Thing" },
      { file_containing_extension: { containing_type: "inference.InferParameter", extension_number: 9 } },
      { all_extension_numbers_of_type: "other.Thing" },
      {},
      { all_extension_numbers_of_type: "inference.InferParameter" },
    ]);
    const codes = answers.map((answer) => (answer["error_response"] as { readonly error_code: number } | null)?.error_code);
    expect(codes).toEqual([5, 5, 5, 5, 3, undefined]);
    expect(answers[5]).toMatchObject({
      all_extension_numbers_response: { base_type_name: "inference.InferParameter", extension_number: [] },
    });
  });

  it("answers ten thousand requests in order", async () => {
    const requests = Array.from({ length: 10_000 }, (_, index) => ({ host: String(index), list_services: "" }));
    const answers = await answersOf(method, requests);
    expect(answers.map(({ valid_host }) => valid_host)).toEqual(requests.map(({ host }) => host));
  });
});

describe("grpcurl", () => {
  const repository = fileURLToPath(new URL("../../../..", import.meta.url));
  const folders = [join(repository, ".cache/go/bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  const grpcurl = folders.map((folder) => join(folder, "grpcurl")).find((path) => existsSync(path));

  it.skipIf(grpcurl === undefined)("lists, describes and infers by reflection alone (skipped where it is not installed)", async () => {
    const run = async (...args: readonly string[]): Promise<string> => {
      const options = args.filter((one) => one.startsWith("-") || one.startsWith("{"));
      const names = args.filter((one) => !options.includes(one));
      return (await promisify(execFile)(grpcurl ?? "", ["-plaintext", ...options, `127.0.0.1:${server.port}`, ...names])).stdout;
    };
    expect(await run("list")).toContain("inference.GRPCInferenceService");
    expect(await run("describe")).toContain("rpc ModelStreamInfer ( stream .inference.ModelInferRequest )");
    expect(await run("describe", "inference.ModelConfig")).toContain("int32 max_batch_size = 4");
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1.5, -2] } }];
    const request = JSON.stringify({ model_name: "pair", inputs });
    const answer = JSON.parse(await run("-d", request, "inference.GRPCInferenceService/ModelInfer")) as Message;
    expect(answer["outputs"]).toMatchObject([{ name: "y", contents: { fp32_contents: [1.5, -2] } }]);
  });
});
