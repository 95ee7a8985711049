/** A server of known models for the tests of the REST face. */
import { afterEach } from "vitest";
import { type RestAnswer, type RestRequest, send } from "./rest-client.ts";
import { startTestServer, type TestServer, type TestServerOptions, testModel } from "./test-server.ts";

/** Starts servers that are closed after each test. */
export interface RestServers {
  readonly start: (options: TestServerOptions) => Promise<TestServer>;
  /** `pair` with revisions 2 (active) and 1, the odd model name "a b/ü" whose object is `derived`, and `other` of the namespace `team`. */
  readonly startPair: (options?: Partial<TestServerOptions>) => Promise<TestServer>;
}

/** To be called where tests are described. */
export function restServers(): RestServers {
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  const start = async (options: TestServerOptions): Promise<TestServer> => {
    const server = await startTestServer(options);
    servers.push(server);
    return server;
  };
  return { start, startPair: async (options = {}) => start({ services: await pairServices(), ...options }) };
}

async function pairServices(): Promise<TestServerOptions["services"]> {
  const revisions = [
    { revision: 2, model: await testModel("default/pair__isvc-2") },
    { revision: 1, model: await testModel("default/pair__isvc-1") },
  ] as const;
  return [
    { name: "pair", revisions },
    { name: "derived", modelName: "a b/ü", revisions: [{ revision: 1, model: await testModel("default/derived__isvc-1") }] },
    { namespace: "team", name: "other", revisions: [{ revision: 7, model: await testModel("team/other__isvc-7") }] },
  ];
}

/** A good input of `pair`. */
export const pairInput: {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
} = {
  name: "x",
  datatype: "FP32",
  shape: [1, 2],
  data: [1.5, -2],
};

/** Asks `pair` for an inference. */
export function inferPair(server: TestServer, body: RestRequest["body"], extras: RestRequest = {}): Promise<RestAnswer> {
  return send(server.port, "/v2/models/pair/infer", { ...extras, ...(body === undefined ? {} : { body }), method: "POST" });
}

/** The text of a refusal. */
export function errorOf(answer: RestAnswer): string {
  const { json } = answer;
  return typeof json === "object" && json !== null && "error" in json ? String(json.error) : `no error: ${answer.bytes.toString()}`;
}

/** Requests by protocol, method and code. */
export function countsOf(server: TestServer): readonly string[] {
  return server.metrics
    .snapshot()
    .filter(({ name, value }) => name === "modelyard_requests_total" && value > 0)
    .map(({ labels, value }) => `${labels["protocol"]} ${labels["method"]} ${labels["code"]} ${value}`);
}
