/** Triton's perf_analyzer: loads each face in several ways, and its count of inferences is the server's; what is not supported it reports. */
import { chmodSync, globSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pythonOf } from "../../python-environment.ts";
import { capture } from "../../repository.ts";
import { attempted, type ClientCall } from "./client-calls.ts";
import type { KnownCase } from "./shared-data.ts";

const client = "perf_analyzer";
const requests = 40;

interface Load {
  readonly protocol: "http" | "grpc";
  /** Default `digits`. */
  readonly model?: string;
  readonly flags: readonly string[];
  /** Words of the error that is the right answer. */
  readonly refusal?: string;
}

/** The calls; `folder` is for its input. */
export async function callsOfPerfAnalyzer(
  address: string,
  { folder, known }: { readonly folder: string; readonly known: readonly KnownCase[] },
): Promise<readonly ClientCall[]> {
  const program = await installed();
  if ("reason" in program) return [{ client, call: client, outcome: "left out", answer: program.reason }];
  const calls: ClientCall[] = [];
  for (const load of loads(labelled(folder, known))) {
    const call = `-i ${load.protocol} ${load.model ?? "digits"} ${load.flags.join(" ").replace(`${folder}/`, "")}`;
    calls.push(await attempted({ client, call }, () => run(program, address, load)));
  }
  return calls;
}

function loads(labels: string): readonly Load[] {
  const text = ["--shape", "IN:5", "--string-length", "20"];
  const [both, sharedMemory] = [["http", "grpc"] as const, "System shared memory is not supported"];
  return [
    ...both.map((protocol) => ({ protocol, flags: ["--concurrency-range", "2"] })),
    ...both.map((protocol) => ({ protocol, flags: ["-b", "4", "--async"] })),
    ...both.map((protocol) => ({ protocol, model: "identity-bytes", flags: text })),
    ...both.map((protocol) => ({ protocol, flags: ["--shared-memory", "system"], refusal: sharedMemory })),
    { protocol: "http", flags: ["--input-tensor-format", "json", "--output-tensor-format", "json"] },
    { protocol: "http", flags: ["--request-rate-range", "40"] },
    { protocol: "grpc", flags: ["--input-data", labels] },
    { protocol: "grpc", flags: ["--streaming", "--async"] },
    { protocol: "grpc", flags: ["--grpc-compression-algorithm", "gzip"] },
    { protocol: "grpc", flags: ["--trace-level", "TIMESTAMPS"], refusal: "The trace extension" },
  ];
}

/** Images and the labels that the program compares answers with; it reads a number with a point only into an FP32 tensor. */
function labelled(folder: string, known: readonly KnownCase[]): string {
  const steps = known.slice(0, 5);
  const images = steps.map(({ inputs: [image] }) => {
    const content = (image?.data ?? []).map((value) => Number(value).toFixed(6)).join(",");
    return `{"image":{"content":[${content}],"shape":[1,8,8]}}`;
  });
  const labels = steps.map(({ outputs }) => ({ label: { content: outputs.find(({ name }) => name === "label")?.data, shape: [1] } }));
  const path = join(folder, "labelled.json");
  writeFileSync(path, `{"data":[${images.join(",")}],"validation_data":${JSON.stringify(labels)}}`);
  return path;
}

interface Program {
  readonly path: string;
  readonly libraries: string;
}

/** The program of the environment, or why it does not run here. */
async function installed(): Promise<Program | { readonly reason: string }> {
  try {
    const bin = dirname(await pythonOf("perf_analyzer"));
    const path = join(bin, client);
    const [libraries = ""] = globSync(join(bin, "..", "lib", "*", "site-packages", "nvidia", "cuda_runtime", "lib"));
    chmodSync(path, 0o755);
    const { status, output } = await capture(path, ["--version"], { LD_LIBRARY_PATH: libraries });
    return status === 0 ? { path, libraries } : { reason: `it does not start on this machine: ${output.trim()}` };
  } catch (error) {
    return { reason: `it cannot be installed on this machine: ${String(error).slice(0, 300)}` };
  }
}

async function run(
  { path, libraries }: Program,
  address: string,
  { protocol, model = "digits", flags, refusal }: Load,
): Promise<{ readonly isRight: boolean; readonly answer: string; readonly isRefusal?: boolean }> {
  const before = await inferencesOf(address, model);
  const args = ["-m", model, "-u", address, "-i", protocol, "--request-count", String(requests), ...flags];
  const { status, output } = await capture(path, args, { LD_LIBRARY_PATH: libraries });
  if (refusal !== undefined) {
    return { isRight: status !== 0 && output.includes(refusal), answer: /error: .*/.exec(output)?.[0] ?? output, isRefusal: true };
  }
  const after = await inferencesOf(address, model);
  const sent = Number(/Request count: (\d+)/.exec(output)?.[1] ?? 0);
  const [answered, failed] = [after.success - before.success, after.fail - before.fail];
  const isRight = status === 0 && sent >= requests && answered >= sent && failed === 0 && !/error|failed/i.test(output);
  const answer = `${sent} requests, ${answered} answered and ${failed} failed by the server's statistics`;
  return { isRight, answer: isRight ? answer : `${answer}: ${output.slice(-300)}` };
}

/** What the server has counted so far. */
async function inferencesOf(address: string, model: string): Promise<{ readonly success: number; readonly fail: number }> {
  const response = await fetch(`http://${address}/v2/models/${model}/stats`);
  const { model_stats: stats } = (await response.json()) as {
    readonly model_stats: readonly { readonly inference_stats: Readonly<Record<"success" | "fail", { readonly count: number }>> }[];
  };
  const [first] = stats;
  return { success: first?.inference_stats.success.count ?? 0, fail: first?.inference_stats.fail.count ?? 0 };
}
