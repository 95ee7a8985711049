/** Load generators that people bring: ghz, which knows the services by reflection, over both kinds of port, and hey. Every request must succeed. */
import { capture } from "../../repository.ts";
import { attempted, type ClientCall, clientLimitMs } from "./client-calls.ts";
import type { Ports } from "./encrypted-server.ts";
import { findGoProgram } from "./go-program.ts";
import type { KnownCase } from "./shared-data.ts";

const requests = 50;
const load = ["-n", String(requests), "-c", "2"];

/** The calls; a program that is not installed is left out. */
export async function callsOfLoadPrograms({ open, encrypted, files }: Ports, known: KnownCase): Promise<readonly ClientCall[]> {
  const inputs = known.inputs.map(({ data, ...described }) => ({ ...described, contents: { fp32_contents: data } }));
  const method = ["--call", "inference.GRPCInferenceService.ModelInfer", "-d", JSON.stringify({ model_name: "digits", inputs })];
  const identity = ["--cacert", files.authority, "--cert", files.certificate, "--key", files.key];
  const rest = ["-m", "POST", "-T", "application/json", "-d", JSON.stringify({ inputs: known.inputs })];
  const url = `http://${open}/v2/models/digits/infer`;
  return [
    await called({ client: "ghz", call: "ModelInfer", args: ["--insecure", ...method, open], success: `[OK] ${requests} responses` }),
    await called({
      client: "ghz",
      call: "ModelInfer over TLS",
      args: [...identity, ...method, encrypted],
      success: `[OK] ${requests} responses`,
    }),
    await called({ client: "hey", call: "infer", args: [...rest, url], success: `[200] ${requests} responses` }),
  ];
}

interface Run {
  readonly client: "ghz" | "hey";
  readonly call: string;
  readonly args: readonly string[];
  /** The line of its summary when every request succeeded, words separated by one space. */
  readonly success: string;
}

async function called({ client, call, args, success }: Run): Promise<ClientCall> {
  const program = findGoProgram(client);
  if (program === undefined) return { client, call, outcome: "left out", answer: "it is not installed: tools/install-go-tools.ts" };
  return attempted({ client, call }, async () => {
    const { status, output } = await capture(program, [...load, ...args], { limitMs: clientLimitMs });
    const words = output.replaceAll(/\s+/g, " ");
    const isRight = status === 0 && words.includes(success);
    return { isRight, answer: isRight ? success : words.slice(-200) };
  });
}
