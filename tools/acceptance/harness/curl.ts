/** curl, as the documentation's examples use it: an inference in JSON by every version of HTTP, over TLS too, and KServe's version 1. */
import { capture } from "../../repository.ts";
import { attempted, type ClientCall } from "./client-calls.ts";
import type { Ports } from "./encrypted-server.ts";
import type { KnownCase } from "./shared-data.ts";

const client = "curl";

/** The calls. */
export async function callsOfCurl({ open, encrypted, files }: Ports, known: KnownCase): Promise<readonly ClientCall[]> {
  const identity = ["--cacert", files.authority, "--cert", files.certificate, "--key", files.key];
  const label = known.outputs.find(({ name }) => name === "label")?.data[0];
  const inference = ["--json", JSON.stringify({ inputs: known.inputs, outputs: [{ name: "label" }] })];
  const prediction = ["--json", JSON.stringify({ inputs: { image: nested(known.inputs[0]?.data ?? []) } })];
  const answer = `"data":[${label}]`;
  return [
    await called([`http://${open}/v2/health/ready`], '"ready":true'),
    await called(["--http1.0", ...inference, `http://${open}/v2/models/digits/infer`], answer),
    await called([...inference, `http://${open}/v2/models/digits/infer`], answer),
    await called(["--http2", ...inference, `http://${open}/v2/models/digits/infer`], answer),
    await called(["--http2-prior-knowledge", ...inference, `http://${open}/v2/models/digits/infer`], answer),
    await called(["--http1.1", ...identity, ...inference, `https://${encrypted}/v2/models/digits/infer`], answer),
    await called(["--http2", ...identity, ...inference, `https://${encrypted}/v2/models/digits/infer`], answer),
    await called([...prediction, `http://${open}/v1/models/digits:predict`], `"label":[${label}]`),
  ];
}

/** 64 pixels as `[1][1][8][8]`. */
function nested(pixels: readonly unknown[]): readonly unknown[] {
  return [[Array.from({ length: 8 }, (_, row) => pixels.slice(row * 8, row * 8 + 8))]];
}

function called(args: readonly string[], wanted: string): Promise<ClientCall> {
  const call = args.filter((arg) => arg.startsWith("--http") || arg.includes("://")).join(" ");
  return attempted({ client, call }, async () => {
    const { status, output } = await capture(client, ["--silent", "--show-error", "--fail-with-body", "--max-time", "20", ...args]);
    return { isRight: status === 0 && output.includes(wanted), answer: output };
  });
}
