/** The wire itself: what answering costs where there is nothing to compute, beside servers in C that give back what they have. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../acceptance/harness/server.ts";
import { cpuSample, ourWarmUp, type PlainLoad, type RequestBody, warmUp } from "../load.ts";
import { type LazyPeer, lazily } from "../peers/lazily.ts";
import { startNghttpd } from "../peers/nghttpd.ts";
import { startNginx } from "../peers/nginx.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan, Sample } from "../row.ts";

const inFlight = 32;
const requests = 20_000;

/** See the module. */
export const wireRows: RowGroup = {
  ids: ["wire"],
  title: "The wire beside servers in C",
  about: `${inFlight} requests in flight that need no model; ours routes, counts and limits them, the peers give back what they have. Every server has answered ${ourWarmUp} requests before the first sample. No server beside which ours would be a router is here: routing between servers is not a part of the product yet.`,
  open,
};

const livePath = "/v2/health/live";
const liveCall = "/inference.GRPCInferenceService/ServerLive";
/** The answer as a gRPC message: five bytes of prefix, then `live: true`. */
const liveAnswer = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

async function open({ folder }: BenchContext): Promise<OpenGroup> {
  const server = await startServer(join(folder, "data"));
  const { data, pids } = server.ready;
  const empty = join(folder, "empty-message");
  writeFileSync(empty, Buffer.alloc(5));
  const call: RequestBody = { file: empty, headers: ["content-type: application/grpc", "te: trailers"] };
  const get = (address = ""): PlainLoad => ({ url: `${address}${livePath}`, isHttp2: false, inFlight, connections: inFlight });
  const unary = (address = ""): PlainLoad => ({ url: `${address}${liveCall}`, isHttp2: true, body: call, inFlight, connections: 1 });
  await warmUp([get(data), unary(data)], ourWarmUp);
  const body = await (await fetch(`${data}${livePath}`)).text();
  const nginx = lazily(
    () => startNginx(join(folder, "nginx"), body),
    ({ rest }) => warmUp([get(rest)], ourWarmUp),
  );
  const nghttpd = lazily(
    () => startNghttpd(join(folder, "nghttpd"), { path: liveCall, message: liveAnswer }),
    ({ grpc }) => warmUp([unary(grpc)], ourWarmUp),
  );
  const ours = (load: PlainLoad) => (): Promise<Sample> => cpuSample(load, { pid: pids.supervisor, requests });
  const theirs = (peer: LazyPeer, isHttp2: boolean) => async (): Promise<Sample> => {
    const { pid, rest, grpc } = await peer.get();
    return cpuSample(isHttp2 ? unary(grpc) : get(rest), { pid, requests });
  };
  const rows: readonly RowPlan[] = [
    {
      id: "wire-get-live",
      what: `GET ${livePath} over HTTP/1.1 on ${inFlight} connections: CPU a request, beside nginx that returns the same text; what a probe or any request costs before its work`,
      unit: "us CPU",
      peer: "nginx, `return 200`",
      ours: ours(get(data)),
      theirs: theirs(nginx, false),
    },
    {
      id: "wire-grpc-live",
      what: `ServerLive over gRPC, ${inFlight} streams of one connection: CPU a call, beside nghttpd that gives back the same message from a file; what a call costs before its work`,
      unit: "us CPU",
      peer: "nghttpd, a file with trailers",
      ours: ours(unary(data)),
      theirs: theirs(nghttpd, true),
    },
  ];
  return {
    rows,
    async close() {
      for (const peer of [nginx, nghttpd]) await peer.stop();
      await server.stop();
    },
  };
}
