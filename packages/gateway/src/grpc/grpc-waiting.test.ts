import { failure } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { countsOf, grpcServers, rawRequest, refusalOf, type TestServer, testModel, until } from "../testing/index.ts";

const { startCold } = grpcServers();
const request = rawRequest("cold");

describe("waiting over gRPC", () => {
  it("loads a model by the first request; the contents of all who wait stay their own", async () => {
    const { server, client } = await startCold();
    const contents = [1, 2, 3].map((value) => Buffer.from(Float32Array.of(value, -value).buffer));
    const calls = contents.map((bytes) => client.call("ModelInfer", { ...request, raw_input_contents: [bytes] }));
    await until(() => server.mesh.waiting === 3);
    // Reuses the server's read buffers before the load ends.
    await client
      .call("ModelInfer", { ...request, model_name: "absent", raw_input_contents: [Buffer.alloc(8, 0xff)] })
      .catch(() => undefined);
    server.mesh.finishLoad("default/cold__isvc-1");
    expect((await Promise.all(calls)).map((answer) => answer["raw_output_contents"])).toEqual(contents.map((bytes) => [bytes]));
    expect(server.mesh.holds).toBe(0);
  });

  it("ends with the client's deadline, and the load goes on", async () => {
    const { server, client } = await startCold();
    expect(await refusalOf(client.call("ModelInfer", request, { deadlineMs: 200 }))).toContain("DEADLINE_EXCEEDED");
    await until(() => server.mesh.waiting === 0);
    expect(server.mesh.state("default/cold__isvc-1")).toBe("Loading");
  });

  it("ends at the limit on time of the server when the client sets none", async () => {
    const clock = fakeClock();
    const { server, client } = await startCold({ clock, limits: { requestTimeoutMs: 5000 } });
    const call = refusalOf(client.call("ModelInfer", request));
    await until(() => server.mesh.waiting === 1);
    await clock.advance(5000);
    expect(await call).toBe("DEADLINE_EXCEEDED: The request did not finish within 5000 ms");
    expect(server.mesh.waiting).toBe(0);
  });

  it.each([
    { parameter: 250_000, deadlineMs: 60_000, limitMs: 250 },
    { parameter: 70_000_000, deadlineMs: 60_000, limitMs: 60_000 },
    { parameter: 250_000, deadlineMs: undefined, limitMs: 250 },
    { parameter: 0, deadlineMs: undefined, limitMs: 5_000 },
  ])(
    "ends at the nearer of the parameter timeout ($parameter µs) and the deadline ($deadlineMs ms)",
    async ({ parameter, deadlineMs, limitMs }) => {
      const clock = fakeClock();
      const { server, client } = await startCold({ clock, limits: { requestTimeoutMs: 5_000 } });
      const timed = { ...request, parameters: { timeout: { int64_param: parameter } } };
      const call = refusalOf(client.call("ModelInfer", timed, deadlineMs === undefined ? {} : { deadlineMs }));
      await until(() => server.mesh.waiting === 1);
      await clock.advance(0.9 * limitMs);
      expect(server.mesh.waiting).toBe(1);
      await clock.advance(0.1 * limitMs);
      expect(await call).toMatch(/^DEADLINE_EXCEEDED: The request did not finish within/);
      expect(server.mesh.waiting).toBe(0);
    },
  );

  it("refuses a parameter timeout that is no time", async () => {
    const { client } = await startCold();
    const timed = { ...rawRequest("pair"), parameters: { timeout: { int64_param: -1 } } };
    expect(await refusalOf(client.call("ModelInfer", timed))).toMatch(
      /^INVALID_ARGUMENT: .*"timeout" must be a whole number of microseconds/,
    );
  });

  it("stops waiting when the client cancels", async () => {
    const { server, client } = await startCold();
    const controller = new AbortController();
    const call = refusalOf(client.call("ModelInfer", request, { signal: controller.signal }));
    await until(() => server.mesh.waiting === 1);
    controller.abort();
    expect(await call).toContain("CANCELLED");
    await until(() => server.mesh.waiting === 0);
    expect(countsOf(server)).toEqual(["grpc infer CANCELLED 1"]);
  });

  describe("a revision that is replaced while its load fails", () => {
    /** A request of `version` waits for revision 1; then 2 becomes the active one and the load of 1 fails. */
    async function replaced(version: string): Promise<{ readonly server: TestServer; readonly answer: string }> {
      const { server, client } = await startCold();
      const call = client.call("ModelInfer", { ...request, model_version: version });
      const answer = call
        .then(({ model_version }) => `version ${String(model_version)}`)
        .catch(({ details }: Error & { details: string }) => details);
      await until(() => server.mesh.waiting === 1);
      server.mesh.setServices([
        {
          name: "cold",
          revisions: [
            { revision: 2, model: await testModel("default/cold__isvc-2"), load: "onDemand" },
            { revision: 1, model: await testModel("default/cold__isvc-1") },
          ],
        },
      ]);
      server.mesh.failLoad("default/cold__isvc-1", failure("MODEL_LOAD_FAILED", { why: "it is cut off" }));
      return { server, answer: await answer };
    }

    it("is followed by requests that named no version", async () => {
      const { server, answer } = await replaced("");
      expect(answer).toBe("version 2");
      expect(server.mesh.holds).toBe(0);
    });

    it("fails those that named it", async () => {
      expect((await replaced("1")).answer).toContain("it is cut off");
    });
  });

  it("passes on why a load failed", async () => {
    const { server, client } = await startCold();
    const call = refusalOf(client.call("ModelInfer", request));
    await until(() => server.mesh.waiting === 1);
    server.mesh.failLoad("default/cold__isvc-1", failure("MODEL_LOAD_FAILED", { why: "it is cut off" }));
    expect(await call).toBe("FAILED_PRECONDITION: The model could not be loaded: it is cut off");
  });
});
