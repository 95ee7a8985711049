/** Load by h2load (Debian: nghttp2-client): the same generator for every server, cheap enough not to be what is measured. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { JsonTensor } from "../acceptance/harness/shared-data.ts";
import { toBytes } from "../acceptance/harness/tensor-bytes.ts";
import { capture, root } from "../repository.ts";
import { cpuMicros, cpuTicks, processTree } from "./cpu-time.ts";
import type { Sample } from "./row.ts";

/** How an inference is written. */
export type Encoding = "grpc" | "rest" | "binary";

/** A body in a file, with the fields of its head. */
export interface RequestBody {
  readonly file: string;
  readonly headers: readonly string[];
}

/** The bodies of one inference. */
export type RequestBodies = Readonly<Record<Encoding, RequestBody>>;

/** Writes the body of one inference in each encoding. */
export function writeBodies(folder: string, asked: { readonly model: string; readonly inputs: readonly JsonTensor[] }): RequestBodies {
  const { model, inputs } = asked;
  const write = (encoding: Encoding, bytes: Buffer | string, headers: readonly string[]): RequestBody => {
    const file = join(folder, `${model}.${encoding}`);
    writeFileSync(file, bytes);
    return { file, headers };
  };
  const parts = inputs.map((input) => toBytes(input));
  const described = inputs.map(({ name, shape, datatype }) => ({ name, shape, datatype }));
  const message = serialize({ model_name: model, inputs: described, raw_input_contents: parts });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  const sized = described.map((one, index) => ({ ...one, parameters: { binary_data_size: parts[index]?.length } }));
  const head = Buffer.from(JSON.stringify({ inputs: sized, parameters: { binary_data_output: true } }));
  const binary = ["content-type: application/octet-stream", `inference-header-content-length: ${head.length}`];
  return {
    grpc: write("grpc", Buffer.concat([frame, message]), ["content-type: application/grpc", "te: trailers"]),
    rest: write("rest", JSON.stringify({ inputs }), ["content-type: application/json"]),
    binary: write("binary", Buffer.concat([head, ...parts]), binary),
  };
}

/** How a model is asked. */
export interface Load {
  /** Base address; of gRPC `http://HOST:PORT`, too. */
  readonly address: string;
  readonly model: string;
  readonly encoding: Encoding;
  readonly body: RequestBody;
  /** Requests in flight. */
  readonly inFlight: number;
  /** Connections they share. Default: one each for HTTP/1.1, one for up to 32 streams of gRPC, else four. */
  readonly connections?: number;
}

/** How any address is asked. */
export interface PlainLoad {
  readonly url: string;
  readonly isHttp2: boolean;
  /** Absent: GET. */
  readonly body?: RequestBody;
  readonly inFlight: number;
  readonly connections: number;
}

/** Sends requests and fails unless every one was answered with 200. Gives their rate a second. `log`: a file that notes each of them. */
export async function send(load: Load | PlainLoad, requests: number, log?: string): Promise<number> {
  const { url, isHttp2, body, inFlight, connections } = "url" in load ? load : plain(load);
  const shape = ["-n", String(requests), "-c", String(connections), "-m", String(Math.max(1, inFlight / connections)), "-t", "1"];
  const fields = body?.headers.flatMap((field) => ["-H", field]) ?? [];
  const { status, output } = await capture("h2load", [
    ...shape,
    ...(isHttp2 ? [] : ["--h1"]),
    ...(body ? ["-d", body.file] : []),
    ...(log === undefined ? [] : [`--log-file=${log}`]),
    ...fields,
    url,
  ]);
  const succeeded = Number(/(\d+) succeeded/.exec(output)?.[1] ?? 0);
  if (status !== 0 || succeeded !== requests)
    throw new Error(`h2load had ${succeeded} of ${requests} requests answered by ${url}: ${output.slice(-800)}`);
  return Number(/([\d.]+) req\/s/.exec(output)?.[1] ?? 0);
}

/** Of each request that such a log notes, microseconds until the end of its answer, the shortest first. */
export function latenciesIn(log: string): readonly number[] {
  // Start in microseconds since 1970, status, duration in microseconds.
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  return lines.map((line) => Number(line.split("\t")[2])).toSorted((a, b) => a - b);
}

function plain({ address, model, encoding, body, inFlight, connections }: Load): PlainLoad {
  const isHttp2 = encoding === "grpc";
  const path = isHttp2 ? "/inference.GRPCInferenceService/ModelInfer" : `/v2/models/${model}/infer`;
  return { url: `${address}${path}`, isHttp2, body, inFlight, connections: connections ?? (isHttp2 ? (inFlight > 32 ? 4 : 1) : inFlight) };
}

/** Requests of each load that a server of ours answers before it is measured: by then V8 has optimised what it will. */
export const ourWarmUp = 30_000;

/** The same of a server that is slow, and has nothing to optimise while it runs. */
export const slowWarmUp = 2_000;

/** Brings a server to its steady state before its first sample: `requests` of each load, in turns, so that no load is the first of its kind. */
export async function warmUp(loads: readonly (Load | PlainLoad)[], requests: number): Promise<void> {
  const turns = 3;
  for (let turn = 0; turn < turns; turn++) for (const load of loads) await send(load, Math.ceil(requests / turns));
}

/** CPU microseconds a request, of a process and all below it, which is warmed up, and which share of them the kernel took for it. */
export async function cpuSample(load: Load | PlainLoad, measured: { readonly pid: number; readonly requests: number }): Promise<Sample> {
  await send(load, Math.max(load.inFlight, Math.ceil(measured.requests / 20)));
  const pids = processTree(measured.pid);
  const [micros, ticks] = [cpuMicros(pids), cpuTicks(pids)];
  await send(load, measured.requests);
  const after = cpuTicks(pids);
  const [user, kernel] = [after.user - ticks.user, after.kernel - ticks.kernel];
  return { value: (cpuMicros(pids) - micros) / measured.requests, kernelShare: kernel / Math.max(1, user + kernel) };
}

/** CPU microseconds a request alone. */
export async function cpuPerRequest(
  load: Load | PlainLoad,
  measured: { readonly pid: number; readonly requests: number },
): Promise<number> {
  return (await cpuSample(load, measured)).value;
}

function serialize(request: object): Buffer {
  const definition = loadSync(join(root, "packages/gateway/proto/inference.proto"), { keepCase: true, longs: String });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly inference: {
      readonly GRPCInferenceService: {
        readonly service: { readonly ModelInfer: { readonly requestSerialize: (value: object) => Buffer } };
      };
    };
  };
  return loaded.inference.GRPCInferenceService.service.ModelInfer.requestSerialize(request);
}
