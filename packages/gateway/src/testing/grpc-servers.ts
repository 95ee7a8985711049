/** Servers of known models, each with a client, for the tests of the gRPC face. */
import { status } from "@grpc/grpc-js";
import { afterEach } from "vitest";
import { grpcClient, type Message, type TestGrpcClient } from "./grpc-client.ts";
import { startTestServer, type TestServer, type TestServerOptions, testModel } from "./test-server.ts";

/** A server and its client. */
export interface GrpcConnected {
  readonly server: TestServer;
  readonly client: TestGrpcClient;
}

/** Starts servers that are closed after each test, their clients before them. */
export interface GrpcServers {
  readonly start: (options: TestServerOptions) => Promise<GrpcConnected>;
  /** `pair`, in memory, and `cold`, whose load the test ends; revision 1 of both. */
  readonly startCold: (options?: Partial<TestServerOptions>) => Promise<GrpcConnected>;
}

/** To be called where tests are described. */
export function grpcServers(): GrpcServers {
  const open: GrpcConnected[] = [];
  afterEach(async () => {
    for (const { client, server } of open.splice(0)) {
      client.close();
      await server.close();
    }
  });
  const start = async (options: TestServerOptions): Promise<GrpcConnected> => {
    const server = await startTestServer(options);
    const connected = { server, client: grpcClient(server.port) };
    open.push(connected);
    return connected;
  };
  return { start, startCold: async (options = {}) => start({ services: await coldServices(), ...options }) };
}

async function coldServices(): Promise<TestServerOptions["services"]> {
  const pair = { revision: 1, model: await testModel("default/pair__isvc-1") };
  const cold = { revision: 1, model: await testModel("default/cold__isvc-1"), load: "manual" } as const;
  return [
    { name: "pair", revisions: [pair] },
    { name: "cold", revisions: [cold] },
  ];
}

/** An inference of a model with raw contents; `more` replaces fields. */
export function rawRequest(model: string, more: Message = {}): Message {
  const inputs = [{ name: "x", datatype: "FP32", shape: [1, 2] }];
  return { model_name: model, inputs, raw_input_contents: [Buffer.from(Float32Array.of(1.5, -2).buffer)], ...more };
}

/** `CODE: text` of a failed call. */
export async function refusalOf(call: Promise<Message>): Promise<string> {
  try {
    return `answered: ${JSON.stringify(await call)}`;
  } catch (error) {
    // grpc-js rejects with a ServiceError.
    const { code, details } = error as { readonly code: status; readonly details: string };
    return `${status[code]}: ${details}`;
  }
}

/** Lets the event loop turn until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
