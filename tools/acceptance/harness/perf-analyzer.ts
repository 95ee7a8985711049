/** Triton's perf_analyzer: loads each face in several ways, and its count of inferences is the server's; what is not supported it reports. */
import { chmodSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pythonOf } from "../../python-environment.ts";
import { capture, killedStatus } from "../../repository.ts";
import { type Attempt, attempted, type ClientCall, clientLimitMs } from "./client-calls.ts";
import type { Ports } from "./encrypted-server.ts";
import type { KnownCase } from "./shared-data.ts";
import { ask } from "./tls-client.ts";

const client = "perf_analyzer";
/** The models that it loads; nobody else may, as their statistics are compared with its own. */
export const loadedModels = { digits: "loaded-digits", text: "loaded-text" } as const;
const requests = 40;
/** A run takes 3 s at most, and 15 on a busy core. */
const limitMs = 40_000;
const mostAsleep = 3;

interface Load {
  readonly protocol: "http" | "grpc";
  /** Default: the digits. */
  readonly model?: string;
  readonly flags: readonly string[];
  /** Words of the error that is the right answer. */
  readonly refusal?: string;
  /** Default false. */
  readonly isEncrypted?: boolean;
}

/** The calls; `folder` is for its input. */
export async function callsOfPerfAnalyzer(
  ports: Ports,
  { folder, known }: { readonly folder: string; readonly known: readonly KnownCase[] },
): Promise<readonly ClientCall[]> {
  const program = await installed();
  if ("reason" in program) return [{ client, call: client, outcome: "left out", answer: program.reason }];
  const calls: ClientCall[] = [];
  for (const load of [...loads(labelled(folder, known)), ...encryptedLoads(ports)]) {
    const call = `-i ${load.protocol} ${load.model ?? loadedModels.digits} ${load.flags.join(" ").replaceAll(`${folder}/`, "")}`;
    calls.push(await attempted({ client, call }, () => run(program, ports, load)));
  }
  return calls;
}

function loads(labels: string): readonly Load[] {
  const text = ["--shape", "IN:5", "--string-length", "20"];
  const [both, sharedMemory] = [["http", "grpc"] as const, "System shared memory is not supported"];
  return [
    ...both.map((protocol) => ({ protocol, flags: ["--concurrency-range", "2"] })),
    ...both.map((protocol) => ({ protocol, flags: ["-b", "4", "--async"] })),
    ...both.map((protocol) => ({ protocol, model: loadedModels.text, flags: text })),
    ...both.map((protocol) => ({ protocol, flags: ["--shared-memory", "system"], refusal: sharedMemory })),
    { protocol: "http", flags: ["--input-tensor-format", "json", "--output-tensor-format", "json"] },
    { protocol: "http", flags: ["--request-rate-range", "40"] },
    { protocol: "grpc", flags: ["--input-data", labels] },
    { protocol: "grpc", flags: ["--streaming", "--async"] },
    { protocol: "grpc", flags: ["--grpc-compression-algorithm", "gzip"] },
    { protocol: "grpc", flags: ["--trace-level", "TIMESTAMPS"], refusal: "The trace extension" },
  ];
}

function encryptedLoads({ files }: Ports): readonly Load[] {
  const { authority, certificate, key } = files;
  const https = { "ca-certificates": authority, "client-certificate": certificate, "private-key": key };
  const grpc = { "root-certifications": authority, "certificate-chain": certificate, "private-key": key };
  const flagsOf = (protocol: string, paths: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(paths).flatMap(([name, path]) => [`--ssl-${protocol}-${name}-file`, path]);
  return [
    { protocol: "http", isEncrypted: true, flags: flagsOf("https", https) },
    { protocol: "grpc", isEncrypted: true, flags: ["--ssl-grpc-use-ssl", ...flagsOf("grpc", grpc)] },
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
    const { status, output } = await capture(path, ["--version"], { env: { LD_LIBRARY_PATH: libraries }, limitMs: clientLimitMs });
    return status === 0 ? { path, libraries } : { reason: `it does not start on this machine: ${output.trim()}` };
  } catch (error) {
    return { reason: `it cannot be installed on this machine: ${String(error).slice(0, 300)}` };
  }
}

/**
 * With a fixed number of requests the program at times sleeps for ever in its main thread after the last answer, its senders having ended (17 of
 * 666 runs on one busy core, all requests answered in each): such a run is made again, and counted in the answer.
 */
async function run(program: Program, ports: Ports, load: Load): Promise<Attempt> {
  for (let asleep = 0; ; asleep += 1) {
    const { isAsleep, ...attempt } = await runOnce(program, ports, load);
    if (isAsleep && asleep < mostAsleep) continue;
    const before = asleep === 0 ? "" : `; ${asleep} runs before it were answered in full and did not end`;
    return { ...attempt, answer: attempt.answer + before };
  }
}

async function runOnce({ path, libraries }: Program, ports: Ports, load: Load): Promise<Attempt & { readonly isAsleep?: boolean }> {
  const { protocol, model = loadedModels.digits, flags, refusal, isEncrypted = false } = load;
  const before = await countsOf(ports, load);
  const address = isEncrypted ? ports.encrypted : ports.open;
  const url = isEncrypted && protocol === "http" ? `https://${address}` : address;
  const args = ["-m", model, "-u", url, "-i", protocol, "--request-count", String(requests), ...flags];
  const { status, output } = await capture(path, args, { env: { LD_LIBRARY_PATH: libraries }, limitMs });
  if (refusal !== undefined) {
    return { isRight: status !== 0 && output.includes(refusal), answer: /error: .*/.exec(output)?.[0] ?? output, isRefusal: true };
  }
  const after = await countsOf(ports, load);
  const sent = Number(/Request count: (\d+)/.exec(output)?.[1] ?? 0);
  const [answered, failed] = [after.success - before.success, after.fail - before.fail];
  if (status === killedStatus && answered >= requests && failed === 0)
    return { isRight: false, answer: "every request was answered, and it did not end", isAsleep: true };
  const isRight = status === 0 && sent >= requests && answered >= sent && failed === 0 && !/error|failed/i.test(output);
  const answer = `${sent} requests, ${answered} answered and ${failed} failed by the server's statistics`;
  return { isRight, answer: isRight ? answer : `${answer}: ${output.slice(-300)}` };
}

/** What the server has counted so far. */
async function countsOf(
  { open, encrypted, files }: Ports,
  { model = loadedModels.digits, isEncrypted = false }: Load,
): Promise<{ readonly success: number; readonly fail: number }> {
  const path = `/v2/models/${model}/stats`;
  const [ca, certificate, key] = [files.authority, files.certificate, files.key].map((file) => readFileSync(file, "utf8"));
  const secret = { ca: ca ?? "", certificate: certificate ?? "", key: key ?? "", method: "GET", headers: {} };
  const text = isEncrypted ? (await ask(`https://${encrypted}${path}`, secret)).body : await (await fetch(`http://${open}${path}`)).text();
  const { model_stats: stats } = JSON.parse(text) as {
    readonly model_stats: readonly { readonly inference_stats: Readonly<Record<"success" | "fail", { readonly count: number }>> }[];
  };
  const [first] = stats;
  return { success: first?.inference_stats.success.count ?? 0, fail: first?.inference_stats.fail.count ?? 0 };
}
