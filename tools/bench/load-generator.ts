/** Load by h2load (Debian: nghttp2-client): the same generator for every server, cheap enough not to be what is measured. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { JsonTensor } from "../acceptance/harness/shared-data.ts";
import { toBytes } from "../acceptance/harness/tensor-bytes.ts";
import { capture, root } from "../repository.ts";

/** How requests are sent. */
export interface LoadShape {
  readonly protocol: "gRPC" | "REST";
  readonly inFlight: 1 | 10 | 64;
}

/** Files that hold the request bodies. */
export interface RequestBodies {
  readonly grpc: string;
  readonly rest: string;
}

/** Writes the body of one inference for each protocol. */
export function writeBodies(folder: string, asked: { readonly model: string; readonly inputs: readonly JsonTensor[] }): RequestBodies {
  const bodies = { grpc: join(folder, "request.grpc"), rest: join(folder, "request.json") };
  const message = serialize({
    model_name: asked.model,
    inputs: asked.inputs.map(({ name, shape, datatype }) => ({ name, shape, datatype })),
    raw_input_contents: asked.inputs.map((input) => toBytes(input)),
  });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  writeFileSync(bodies.grpc, Buffer.concat([frame, message]));
  writeFileSync(bodies.rest, JSON.stringify({ inputs: asked.inputs }));
  return bodies;
}

/** Sends requests and fails unless every one was answered with 200. gRPC goes over few connections with many streams, REST one a connection. */
export async function generate(options: {
  readonly shape: LoadShape;
  readonly address: string;
  readonly model: string;
  readonly bodies: RequestBodies;
  readonly requests: number;
}): Promise<void> {
  const { shape, address, model, bodies, requests } = options;
  const connections = shape.protocol === "REST" ? shape.inFlight : shape.inFlight === 64 ? 4 : 1;
  const streams = shape.inFlight / connections;
  const common = ["-n", String(requests), "-c", String(connections), "-m", String(streams), "-t", "1"];
  const sent =
    shape.protocol === "gRPC"
      ? [
          "-d",
          bodies.grpc,
          "-H",
          "content-type: application/grpc",
          "-H",
          "te: trailers",
          `${address}/inference.GRPCInferenceService/ModelInfer`,
        ]
      : ["--h1", "-d", bodies.rest, "-H", "content-type: application/json", `${address}/v2/models/${model}/infer`];
  const { status, output } = await capture("h2load", [...common, ...sent]);
  const succeeded = Number(/(\d+) succeeded/.exec(output)?.[1] ?? 0);
  if (status !== 0 || succeeded !== requests)
    throw new Error(`h2load had ${succeeded} of ${requests} requests answered: ${output.slice(-800)}`);
}

function serialize(request: object): Buffer {
  const definition = loadSync(join(root, "packages/gateway/testdata/open-inference-protocol.proto"), { keepCase: true, longs: String });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly inference: {
      readonly GRPCInferenceService: {
        readonly service: { readonly ModelInfer: { readonly requestSerialize: (value: object) => Buffer } };
      };
    };
  };
  return loaded.inference.GRPCInferenceService.service.ModelInfer.requestSerialize(request);
}
