/** grpcurl, which knows of the services only what reflection tells: lists and describes everything, and calls every method that it finds. */
import { capture, type Outcome } from "../../repository.ts";
import { attempted, type ClientCall, clientLimitMs } from "./client-calls.ts";
import type { Ports } from "./encrypted-server.ts";
import { findGoProgram } from "./go-program.ts";
import { type GrpcurlAnswer, type GrpcurlCall, grpcurlCalls, grpcurlInferences } from "./grpcurl-calls.ts";
import type { KnownCase } from "./shared-data.ts";

const client = "grpcurl";

type Grpcurl = (names: readonly string[], options?: readonly string[], input?: string) => Promise<Outcome>;

/** Every call, or one that failed where the program is not installed. */
export async function callsOfGrpcurl({ open, encrypted, files }: Ports, known: KnownCase): Promise<readonly ClientCall[]> {
  const program = findGoProgram(client);
  if (program === undefined) return [{ client, call: "grpcurl", outcome: "failed", answer: "not installed: tools/install-go-tools.ts" }];
  const grpcurl: Grpcurl = (names, options = [], input = "") =>
    capture(program, ["-plaintext", ...options, open, ...names], { input, limitMs: clientLimitMs });
  const identity = ["-cacert", files.authority, "-cert", files.certificate, "-key", files.key];
  const overTls: Grpcurl = (names, options = [], input = "") =>
    capture(program, [...identity, ...options, encrypted, ...names], { input, limitMs: clientLimitMs });
  const methods = await listedMethods(grpcurl);
  const calls = grpcurlCalls(known);
  return [
    { client, call: "list", outcome: methods.length > 20 ? "right" : "failed", answer: `${methods.length} methods` },
    await described(grpcurl, methods),
    ...(await inOrder(calls, (one) => called(grpcurl, one))),
    ...(await inOrder(grpcurlInferences(known), (one) => called(overTls, { ...one, label: `${one.label ?? one.method} over TLS` }))),
    ...methods.map((method) => accounted(method, calls)),
  ];
}

/** `package.Service/Method` of every service. */
async function listedMethods(grpcurl: Grpcurl): Promise<readonly string[]> {
  const services = lines((await grpcurl(["list"])).stdout);
  const methods = await inOrder(services, async (service) => lines((await grpcurl(["list", service])).stdout));
  return methods.flat().map((name) => name.replace(/\.(\w+)$/, "/$1"));
}

/** Describes the services, the types they name, and the types that those name, until there is no new one. */
async function described(grpcurl: Grpcurl, methods: readonly string[]): Promise<ClientCall> {
  return attempted({ client, call: "describe" }, async () => {
    const seen = new Set(methods.map((method) => method.slice(0, method.indexOf("/"))));
    const unknown: string[] = [];
    // A set is walked in the order in which it grows, so what is found on the way is described too.
    for (const symbol of seen) {
      const { stdout } = await grpcurl(["describe", symbol]);
      if (!stdout.startsWith(`${symbol} is a`)) unknown.push(symbol);
      for (const [, type = ""] of stdout.matchAll(/\.((?:inference|grpc)\.[\w.]+)/g)) seen.add(type);
    }
    return {
      isRight: unknown.length === 0 && seen.size > 60,
      answer: `${seen.size} services and types, unknown: ${unknown.join(" ") || "none"}`,
    };
  });
}

function called(grpcurl: Grpcurl, { label, method, sent, options = [], isRight, refusal }: GrpcurlCall): Promise<ClientCall> {
  return attempted({ client, call: label ?? method }, async () => {
    const requests = sent.map((request) => JSON.stringify(request)).join("\n");
    const { status, stdout, output } = await grpcurl([method], [...options, "-d", "@"], requests);
    if (refusal) {
      return { isRight: status !== 0 && refusal.every((word) => output.includes(word)), answer: output, isRefusal: true };
    }
    return { isRight: isRight(answersOf(stdout)), answer: output };
  });
}

/** Answers of a stream are printed one after the other, each from a brace at the margin to another. */
function answersOf(text: string): readonly GrpcurlAnswer[] {
  return [...text.matchAll(/^\{\}$|^\{\n[^]*?\n\}$/gm)].map(([one]) => JSON.parse(one) as GrpcurlAnswer);
}

function accounted(method: string, calls: readonly GrpcurlCall[]): ClientCall {
  const own = calls.filter((one) => one.method === method);
  if (own.length === 0) return { client, call: method, outcome: "missing", answer: "no call uses it" };
  return { client, call: method, outcome: own.some(({ refusal }) => !refusal) ? "called" : "not supported", answer: "" };
}

async function inOrder<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
