import { connect } from "node:http2";
import { describe, expect, it } from "vitest";
import { countsOf, grpcServers } from "../testing/index.ts";

const { startCold } = grpcServers();

describe("a stream that is cut inside a message", () => {
  it.each([
    ["inference.GRPCInferenceService/ModelStreamInfer", "infer"],
    ["grpc.health.v1.Health/Watch", "healthWatch"],
    ["grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "reflection"],
  ])("of %s is refused with INTERNAL and counted as %s", async (path, kind) => {
    const { server } = await startCold();
    const session = connect(`http://127.0.0.1:${server.port}`);
    const stream = session.request({ ":method": "POST", ":path": `/${path}`, "content-type": "application/grpc" });
    const code = new Promise((resolve) => stream.on("response", (head) => resolve(head["grpc-status"])));
    stream.end(Buffer.from([0, 0, 0, 0, 9, 1]));
    expect(await code).toBe("13");
    expect(countsOf(server)).toEqual([`grpc ${kind} INTERNAL 1`]);
    session.destroy();
  });
});
