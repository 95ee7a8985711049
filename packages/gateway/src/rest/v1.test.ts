import { describe, expect, it } from "vitest";
import { errorOf, type RestAnswer, restServers, send } from "../testing/index.ts";

const { startPair } = restServers();

describe("KServe's version 1", () => {
  it.each<[string, object, object]>([
    [
      "rows",
      {
        instances: [
          [1, 2],
          [3, 4],
        ],
      },
      {
        predictions: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ["rows by name", { instances: [{ x: [1, 2] }] }, { predictions: [[1, 2]] }],
    ["columns", { inputs: [[1, 2]] }, { outputs: [[1, 2]] }],
    ["columns by name", { inputs: { x: [[1, 2]] } }, { outputs: [[1, 2]] }],
  ])("predicts by %s", async (_what, body, wanted) => {
    const { port } = await startPair();
    expect(await send(port, "/v1/models/pair:predict", { body })).toMatchObject({ status: 200, json: wanted });
  });

  it.each<[object, string]>([
    [{}, 'neither "instances" nor "inputs"'],
    [{ instances: 3 }, '"instances" must be a list'],
    [{ instances: [] }, "is empty"],
    [{ instances: [{ x: [1, 2] }, [1, 2]] }, "instance 1 is not an object"],
    [{ instances: [[1, 2, 3]] }, "expected [-1,2], got [1,3]"],
    [{ instances: [{ z: [1, 2] }] }, 'no input "z"'],
  ])("refuses %j", async (body, words) => {
    const { port } = await startPair();
    const answer: RestAnswer = await send(port, "/v1/models/pair:predict", { body });
    expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringContaining(words)]);
  });

  it("lists models, says which are ready, and that it is alive", async () => {
    const { port } = await startPair();
    expect((await send(port, "/v1/models")).json).toMatchObject({ models: expect.arrayContaining(["pair"]) });
    expect((await send(port, "/v1/models/pair")).json).toEqual({ name: "pair", ready: true });
    expect((await send(port, "/")).json).toEqual({ status: "alive" });
  });
});

describe("the OpenAPI document", () => {
  it("has every address that is answered", async () => {
    const { port } = await startPair();
    const { json } = await send(port, "/openapi.json");
    const paths = typeof json === "object" && json !== null && "paths" in json ? Object.keys(json.paths ?? {}) : [];
    for (const path of paths) {
      const filled = path.replace("{namespace}", "default").replace("{model}", "pair").replace("{version}", "2");
      expect((await send(port, filled)).status, path).toSatisfy((status: number) => status === 200 || status === 405);
    }
    expect(paths).toContain("/v2/models/{model}/infer");
  });
});
