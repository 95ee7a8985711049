/** A gateway on a real wire server over a fake mesh, for the tests of this package. */
import type { Datatype } from "@modelyard/codec";
import { type Clock, type Metrics, metricsRegistry, systemClock } from "@modelyard/core";
import { recordedLog } from "@modelyard/core/testing";
import { type FakeMesh, type FakeService, fakeMesh } from "@modelyard/mesh/testing";
import type { LoadedModel, ModelSignature } from "@modelyard/runtimes";
import { type FakeBehaviour, fakeRuntime } from "@modelyard/runtimes/testing";
import { createWireServer, type WireLimits } from "@modelyard/wire";
import { createGateway } from "../gateway.ts";
import type { GatewayOptions } from "../options.ts";

/** Options of {@link startTestServer}. */
export interface TestServerOptions
  extends Pick<GatewayOptions, "limits" | "allowedHosts" | "authentication" | "accessLog" | "writeAccessLog" | "cors"> {
  readonly services: readonly FakeService[];
  /** Limits of the wire server that differ from the defaults. */
  readonly wireLimits?: Partial<WireLimits>;
  /** Clock of the gateway; the server's is the machine's. Default the machine's. */
  readonly clock?: Clock;
}

/** A server under test. */
export interface TestServer {
  readonly port: number;
  readonly mesh: FakeMesh;
  readonly metrics: Metrics;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** What bodies being collected and answers that wait take. */
  bufferedBytes(): number;
  /** Closes the server, then the gateway. */
  close(): Promise<void>;
}

/** Starts a server on a free port of loopback. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { services, clock = systemClock(), wireLimits = {}, ...rest } = options;
  const mesh = fakeMesh({ services });
  const metrics = metricsRegistry();
  const { log, records } = recordedLog();
  const gateway = createGateway({ ...rest, mesh, clock, log, metrics, serverName: "modelyard", serverVersion: "1.2.3" });
  const server = createWireServer({ clock: systemClock(), log, limits: wireLimits }, gateway.onRequest);
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const port = "port" in address ? address.port : 0;
  const close = async (): Promise<void> => {
    await server.close();
    gateway.close();
  };
  return { port, mesh, metrics, log: records, bufferedBytes: () => server.bufferedBytes, close };
}

/** A loaded fake model. Default: `x` FP32 [-1,2] comes back as `y`. */
export function testModel(modelId: string, behaviour: FakeBehaviour = {}): Promise<LoadedModel> {
  const runtime = fakeRuntime({ clock: systemClock(), behaviour: { signature: pairSignature, ...behaviour } });
  return runtime.load({ modelId, modelType: "fake", artifactDigest: `sha256:${"0".repeat(64)}`, parameters: {} });
}

/** `x` FP32 [-1,2] to `y`. */
export const pairSignature: ModelSignature = {
  platform: "onnx_onnxruntime",
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
};

/** One input and one output of a datatype, of any length: `x` to `y`. */
export function signatureOf(datatype: Datatype): ModelSignature {
  return {
    platform: "onnx_onnxruntime",
    inputs: [{ name: "x", datatype, shape: [-1] }],
    outputs: [{ name: "y", datatype, shape: [-1] }],
  };
}
