import { connect } from "node:http2";
import { type ClientDuplexStream, status } from "@grpc/grpc-js";
import { failure } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { countsOf, type GrpcConnected, grpcServers, type Message, rawRequest, until } from "../testing/index.ts";
import { maxStreamedInferences } from "./infer-stream.ts";

const { startCold: start } = grpcServers();

function request(model: string, id: string, more: Message = {}): Message {
  return rawRequest(model, { id, ...more });
}

interface Replies {
  readonly stream: ClientDuplexStream<Message, Message>;
  /** `id` or `id: error`, in the order they came. */
  readonly ids: string[];
  readonly messages: Message[];
  /** `OK`, or code and message. */
  readonly end: Promise<string>;
}

function streamOf({ client }: GrpcConnected, options: { readonly deadlineMs?: number } = {}): Replies {
  const stream = client.open("ModelStreamInfer", options);
  const ids: string[] = [];
  const messages: Message[] = [];
  stream.on("data", (message: Message) => {
    messages.push(message);
    const { id } = message["infer_response"] as { readonly id: string };
    const error = String(message["error_message"]);
    ids.push(error === "" ? id : `${id}: ${error}`);
  });
  const end = new Promise<string>((resolve) => {
    stream.on("error", () => {});
    stream.on("status", ({ code, details }) => resolve(code === status.OK ? "OK" : `${status[code]}: ${details}`));
  });
  return { stream, ids, messages, end };
}

describe("ModelStreamInfer", () => {
  it("answers each request, raw to raw, and ends when the client does", async () => {
    const connected = await start();
    const { stream, messages, end } = streamOf(connected);
    stream.write(request("pair", "a"));
    await until(() => messages.length === 1);
    stream.write(request("pair", "b"));
    stream.end();
    expect(await end).toBe("OK");
    expect(messages).toMatchObject(
      ["a", "b"].map((id) => ({
        error_message: "",
        infer_response: {
          model_name: "pair",
          model_version: "1",
          id,
          parameters: {},
          outputs: [{ name: "y", shape: ["1", "2"] }],
          raw_output_contents: [Buffer.from(Float32Array.of(1.5, -2).buffer)],
        },
      })),
    );
  });

  it("tells what is wrong with a request in its reply, with its id, and goes on", async () => {
    const connected = await start();
    const { stream, ids, end } = streamOf(connected);
    stream.write(request("pair", "a"));
    stream.write(request("absent", "b"));
    stream.write(request("pair", "c", { inputs: [{ name: "z", datatype: "FP32", shape: [1, 2] }] }));
    stream.write(request("pair", "d"));
    stream.end();
    expect(await end).toBe("OK");
    expect(ids).toEqual([
      "a",
      'b: The model "absent" was not found in the namespace "default"',
      'c: The model "pair" has no input "z": its inputs are "x" FP32 [-1,2]',
      "d",
    ]);
    const counts = connected.server.metrics.snapshot().filter(({ name, value }) => name === "modelyard_requests_total" && value > 0);
    expect(counts.map(({ labels, value }) => [labels["code"], value])).toEqual(
      expect.arrayContaining([
        ["OK", 2],
        ["NOT_FOUND", 1],
        ["INVALID_ARGUMENT", 1],
      ]),
    );
  });

  it("keeps the order of the requests when a later one is done first", async () => {
    const connected = await start();
    const { stream, ids, end } = streamOf(connected);
    stream.write(request("cold", "slow"));
    stream.write(request("pair", "fast"));
    stream.end();
    await until(() => connected.server.mesh.waiting === 1);
    await connected.client.call("ServerLive", {});
    expect(ids).toEqual([]);
    connected.server.mesh.finishLoad("default/cold__isvc-1");
    expect(await end).toBe("OK");
    expect(ids).toEqual(["slow", "fast"]);
    expect(connected.server.mesh.holds).toBe(0);
  });

  it("passes on why a load failed", async () => {
    const connected = await start();
    const { stream, ids, end } = streamOf(connected);
    stream.write(request("cold", "a"));
    stream.end();
    await until(() => connected.server.mesh.waiting === 1);
    connected.server.mesh.failLoad("default/cold__isvc-1", failure("MODEL_LOAD_FAILED", { why: "it is cut off" }));
    expect(await end).toBe("OK");
    expect(ids).toEqual(["a: The model could not be loaded: it is cut off"]);
  });

  it("runs at most so many requests of a stream at once; the others follow", async () => {
    const connected = await start();
    const { stream, ids, end } = streamOf(connected);
    const wanted = Array.from({ length: 2_000 }, (_, index) => `r${index}`);
    for (const id of wanted) stream.write(request("cold", id));
    stream.end();
    await until(() => connected.server.mesh.waiting === maxStreamedInferences);
    await connected.client.call("ServerLive", {});
    expect(connected.server.mesh.waiting).toBe(maxStreamedInferences);
    connected.server.mesh.finishLoad("default/cold__isvc-1");
    expect(await end).toBe("OK");
    expect(ids).toEqual(wanted);
  });

  it("begins nothing while the client does not read, and loses nothing", { timeout: 30_000 }, async () => {
    const connected = await start();
    const large = { shape: [30_000, 2], bytes: Buffer.alloc(240_000, 1) };
    const count = 100;
    const { stream, ids, end } = streamOf(connected);
    stream.pause();
    for (let index = 0; index < count; index++) {
      const inputs = [{ name: "x", datatype: "FP32", shape: large.shape }];
      stream.write(request("pair", `r${index}`, { inputs, raw_input_contents: [large.bytes] }));
    }
    stream.end();
    const answered = (): number => {
      const counts = connected.server.metrics
        .snapshot()
        .filter(({ name, labels }) => name === "modelyard_requests_total" && labels["protocol"] === "grpc");
      return counts.find(({ labels }) => labels["method"] === "infer" && labels["code"] === "OK")?.value ?? 0;
    };
    let before = -1;
    await expect.poll(() => answered() > 0 && before === (before = answered()), { interval: 100, timeout: 20_000 }).toBe(true);
    expect(answered()).toBeLessThan(count / 2);
    stream.resume();
    expect(await end).toBe("OK");
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => `r${index}`));
  });

  it("gives everything up when the client cancels", async () => {
    const connected = await start();
    const { stream, end } = streamOf(connected);
    for (let index = 0; index < 200; index++) stream.write(request("cold", `r${index}`));
    await until(() => connected.server.mesh.waiting === maxStreamedInferences);
    stream.cancel();
    expect(await end).toContain("CANCELLED");
    await until(() => connected.server.mesh.waiting === 0);
    connected.server.mesh.finishLoad("default/cold__isvc-1");
    await connected.client.call("ServerLive", {});
    expect(connected.server.mesh.holds).toBe(0);
  });

  it("ends a request at the limit on time, and the stream at its deadline", async () => {
    const clock = fakeClock();
    const connected = await start({ clock, limits: { requestTimeoutMs: 5_000 } });
    const { stream, ids } = streamOf(connected);
    stream.write(request("cold", "a"));
    await until(() => connected.server.mesh.waiting === 1);
    await clock.advance(5_000);
    await until(() => ids.length === 1);
    expect(ids).toEqual(["a: The request did not finish within 5000 ms"]);
    stream.cancel();
    const limited = streamOf(connected, { deadlineMs: 60_000 });
    limited.stream.write(request("pair", "b"));
    await until(() => limited.ids.length === 1);
    await clock.advance(60_000);
    expect(await limited.end).toContain("DEADLINE_EXCEEDED: The stream did not finish within");
  });

  it("ends a request after its own time, and goes on", async () => {
    const clock = fakeClock();
    const connected = await start({ clock });
    const { stream, ids } = streamOf(connected, { deadlineMs: 60_000 });
    stream.write(request("cold", "a", { parameters: { timeout: { int64_param: 250_000 } } }));
    stream.write(request("pair", "b", { parameters: { timeout: { string_param: "soon" } } }));
    await until(() => connected.server.mesh.waiting === 1);
    await clock.advance(250);
    await until(() => ids.length === 2);
    expect(ids[0]).toBe("a: The request did not finish within 250 ms");
    expect(ids[1]).toContain('b: The inference request is not valid: the parameter "timeout" must be a whole number of microseconds');
    stream.cancel();
  });

  it("keeps no timer for a stream that is cut inside a message, and counts it as the fault of the client", async () => {
    const clock = fakeClock();
    const { server } = await start({ clock });
    const session = connect(`http://127.0.0.1:${server.port}`);
    const headers = { "content-type": "application/grpc", "grpc-timeout": "60S" };
    const stream = session.request({ ":method": "POST", ":path": "/inference.GRPCInferenceService/ModelStreamInfer", ...headers });
    const code = new Promise((resolve) => stream.on("response", (head) => resolve(head["grpc-status"])));
    stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    await until(() => clock.pending === 1);
    stream.end();
    expect(await code).toBe(String(status.INTERNAL));
    expect(clock.pending).toBe(0);
    expect(countsOf(server)).toContain("grpc infer INTERNAL 1");
    expect(server.log.filter(({ level }) => level === "error")).toEqual([]);
    session.destroy();
  });

  it("marks the reply as the last one when the client asks for an empty final response", async () => {
    const connected = await start();
    const { stream, messages, end } = streamOf(connected);
    stream.write(request("pair", "a", { parameters: { triton_enable_empty_final_response: { bool_param: true } } }));
    stream.end();
    expect(await end).toBe("OK");
    expect(messages).toMatchObject([
      { infer_response: { id: "a", parameters: { triton_final_response: { bool_param: true } }, outputs: [{ name: "y" }] } },
    ]);
  });

  it("answers a message that is none with an error, and a stream without messages with nothing", async () => {
    const connected = await start();
    const empty = streamOf(connected);
    empty.stream.end();
    expect(await empty.end).toBe("OK");
    const { stream, ids, end } = streamOf(connected);
    stream.write({ model_name: "pair", id: "a" });
    stream.end();
    expect(await end).toBe("OK");
    expect(ids[0]).toContain('a: The input "x" of the model "pair" is missing');
  });
});
