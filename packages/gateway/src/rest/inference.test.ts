import { describe, expect, it } from "vitest";
import { errorOf, inferPair as infer, restServers, send, signatureOf, testModel, pairInput as x } from "../testing/index.ts";

const { start, startPair } = restServers();

describe("inference over REST", () => {
  it("answers JSON with JSON", async () => {
    const server = await startPair();
    const answer = await infer(server, { id: "r-1", inputs: [x] });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        model_name: "pair",
        model_version: "2",
        id: "r-1",
        outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [1.5, -2] }],
      },
    });
    expect(answer.bytes.toString()).not.toContain("isvc");
    expect(server.mesh.holds).toBe(0);
  });

  it("answers by version and by the name that was asked for", async () => {
    const server = await startPair();
    const body = { inputs: [x] };
    expect((await send(server.port, "/v2/models/pair/versions/1/infer", { body })).json).toMatchObject({ model_version: "1" });
    expect((await send(server.port, "/v2/models/a%20b%2F%C3%BC/infer", { body })).json).toMatchObject({ model_name: "a b/ü" });
    expect((await send(server.port, "/ns/team/v2/models/other/infer", { body })).json).toMatchObject({ model_version: "7" });
  });

  it("answers binary with binary when asked for, as a whole and by output", async () => {
    const server = await startPair();
    const json = Buffer.from(
      JSON.stringify({
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }],
        parameters: { binary_data_output: true },
      }),
    );
    const tensor = Buffer.from(Float32Array.of(1.5, -2).buffer);
    const headers = { "Inference-Header-Content-Length": String(json.length), "content-type": "application/octet-stream" };
    const answer = await infer(server, Buffer.concat([json, tensor]), { headers });
    const jsonLength = Number(answer.headers["inference-header-content-length"]);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/octet-stream"]);
    expect(JSON.parse(answer.bytes.toString("utf8", 0, jsonLength))).toMatchObject({ outputs: [{ parameters: { binary_data_size: 8 } }] });
    expect(answer.bytes.subarray(jsonLength)).toEqual(tensor);
    const mixed = await infer(server, { inputs: [x], outputs: [{ name: "y", parameters: { binary_data: true } }] });
    expect(mixed.bytes.subarray(Number(mixed.headers["inference-header-content-length"]))).toEqual(tensor);
  });

  it("takes a body that is one raw input when the header length is 0, and answers it with binary", async () => {
    const server = await startPair();
    const tensor = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
    const answer = await infer(server, tensor, { headers: { "Inference-Header-Content-Length": "0" } });
    const jsonLength = Number(answer.headers["inference-header-content-length"]);
    expect(JSON.parse(answer.bytes.toString("utf8", 0, jsonLength))).toMatchObject({ outputs: [{ shape: [2, 2] }] });
    expect(answer.bytes.subarray(jsonLength)).toEqual(tensor);
    const odd = await infer(server, tensor.subarray(0, 12), { headers: { "Inference-Header-Content-Length": "0" } });
    expect([odd.status, errorOf(odd)]).toEqual([400, expect.stringContaining("shape [1,2]: expected 8 bytes, got 12")]);
  });

  it.each([
    ["INT64", "9007199254740993"],
    ["UINT64", "18446744073709551615"],
    ["FP16", "0.5"],
    ["BF16", "-2"],
    ["BOOL", "true"],
    ["BYTES", '"é\\u0000"'],
    ["INT8", "-128"],
  ] as const)("carries %s there and back exactly", async (datatype, literal) => {
    const model = await testModel("default/pair__isvc-1", { signature: signatureOf(datatype) });
    const server = await start({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }] });
    const answer = await infer(server, `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1],"data":[${literal}]}]}`);
    expect(answer.bytes.toString()).toContain(`"datatype":"${datatype}","shape":[1],"data":[${literal}]`);
  });

  it.each<[string, object, string]>([
    ["an unknown input", { inputs: [{ ...x, name: "X" }] }, 'The model "pair" has no input "X": its inputs are "x" FP32 [-1,2]'],
    ["no input", { inputs: [] }, 'The input "x" of the model "pair" is missing: expected "x" FP32 [-1,2], got no inputs'],
    ["an input twice", { inputs: [x, x] }, 'the input "x" is given more than once'],
    [
      "a wrong datatype",
      { inputs: [{ ...x, datatype: "INT32" }] },
      "The input \"x\" has the datatype 'INT32', but the model expects 'FP32'",
    ],
    [
      "a wrong dimension",
      { inputs: [{ ...x, shape: [1, 3] }] },
      'The request has an unexpected shape for input "x" of the model "pair": expected [-1,2], got [1,3]',
    ],
    ["a wrong rank", { inputs: [{ ...x, shape: [2] }] }, "unexpected shape for input"],
    ["too few elements", { inputs: [{ ...x, shape: [2, 2] }] }, "shape [2,2]: expected 4 elements, got 2"],
    ["an unknown output", { inputs: [x], outputs: [{ name: "z" }] }, 'The model "pair" has no output "z": its outputs are "y" FP32 [-1,2]'],
    ["an output twice", { inputs: [x], outputs: [{ name: "y" }, { name: "y" }] }, "an output is asked for more than once"],
    ["text for numbers", { inputs: [{ ...x, data: ["a", 1] }] }, 'Element 0 of the tensor "x" is not valid'],
  ])("refuses %s", async (_what, body, message) => {
    const server = await startPair();
    const answer = await infer(server, body);
    expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringContaining(message)]);
    expect(server.mesh.holds).toBe(0);
  });

  it.each<[string, object]>([
    ["shared memory", { inputs: [{ ...x, data: undefined, parameters: { shared_memory_region: "r" } }] }],
    ["a sequence", { inputs: [x], parameters: { sequence_id: 3 } }],
  ])("refuses %s with 501 instead of ignoring it", async (_what, body) => {
    const server = await startPair();
    expect((await infer(server, body)).status).toBe(501);
  });

  it("ignores parameters it does not know, and those that say a feature is not used", async () => {
    const server = await startPair();
    const parameters = { priority: 1, headers: { a: "b" }, sequence_id: 0 };
    expect((await infer(server, { inputs: [{ ...x, parameters: { any: 1 } }], parameters, extra: [] })).status).toBe(200);
  });

  it("refuses bodies that are not JSON with what the parser says", async () => {
    const server = await startPair();
    expect(errorOf(await infer(server, "{"))).toContain("its JSON could not be read");
    expect(errorOf(await infer(server, ""))).toContain("the body is empty");
    expect(errorOf(await infer(server, { inputs: [x] }, { headers: { "Inference-Header-Content-Length": "-1" } }))).toContain(
      "must be a whole number",
    );
  });

  it("answers a failure of ours with 500, without its text, and logs it once", async () => {
    const model = await testModel("default/pair__isvc-1", {
      compute: () => {
        throw new Error("secret detail");
      },
    });
    const server = await start({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }] });
    const answer = await infer(server, { inputs: [x] });
    expect(answer.status).toBe(500);
    expect(answer.bytes.toString()).not.toContain("secret");
    expect(server.log.filter((record) => JSON.stringify(record).includes("secret detail"))).toHaveLength(1);
    expect(server.mesh.holds).toBe(0);
  });
});
