/** `npm run conformance`: the Open Inference Protocol v2 and its extensions as checks against any server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Check, Subject } from "./conformance/check.ts";
import { checks } from "./conformance/checks.ts";
import { conformanceModels } from "./conformance/models.ts";
import { type CheckResult, runChecks, totalsOf } from "./conformance/run-checks.ts";
import { modelRoles, subjectAt } from "./conformance/subject-at.ts";

const help = `npm run conformance -- --address HOST:PORT [options]

Sends the Open Inference Protocol v2 and its extensions, as checks, to a server that you started.

  --address HOST:PORT    where REST is
  --grpc HOST:PORT       where gRPC is; default: the same
  --models ROLE=NAME,…   names of the models, by role:
                           mnist     Input3 FP32 [1,1,28,28] to Plus214_Output_0 FP32 [1,10]; default "mnist"
                           identity  beginning of the names of the models that give IN [-1] back as OUT, one a
                                     datatype, with its name in lower case behind it; default "identity_"
                           pair      A FP32 [-1,-1] and B INT64 [-1] come back as OUT_A and OUT_B; default "identity_pair"
  --only ID,…            only the checks whose ids begin so
  --list                 print the checks, send nothing
  --json                 results as JSON: {"checks": [{id, section, protocol, isWrong, outcome, expected, actual, …}], "totals"}
  --publish              start Modelyard, MLServer and KServe, and write docs/conformance.md
  --write-models FOLDER  write the models as ONNX files, send nothing

Outcomes: pass; fail; unsupported, where the server says so itself (404, 405 or 501 for an address, UNIMPLEMENTED); skip, where it lacks a model.
A check with "ours" in the results asks for more than the protocol says, and why.

Status 0: every check passed or is unsupported; 1: one failed or was skipped; 2: the call was wrong; 4: no server at the address.`;

interface Flags {
  readonly address?: string;
  readonly grpc?: string;
  readonly models?: string;
  readonly only?: string;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly publish?: boolean;
  readonly help?: boolean;
  readonly "write-models"?: string;
}

const flags = readFlags();
process.exitCode = flags ? await main(flags) : 2;

function readFlags(): Flags | undefined {
  try {
    return parseArgs({
      options: {
        address: { type: "string" },
        grpc: { type: "string" },
        models: { type: "string" },
        only: { type: "string" },
        list: { type: "boolean" },
        json: { type: "boolean" },
        publish: { type: "boolean" },
        help: { type: "boolean" },
        "write-models": { type: "string" },
      },
    }).values;
  } catch (error) {
    refuse(`${error instanceof Error ? error.message : String(error)} (--help tells what there is)`, 2);
    return undefined;
  }
}

async function main({ address, grpc, models, only, json = false, ...flags }: Flags): Promise<number> {
  if (flags.help) return say(help);
  if (flags["write-models"] !== undefined) return writeModels(flags["write-models"]);
  if (flags.publish) return publishPage();
  const chosen = chosenChecks(only);
  if (chosen.length === 0) return refuse(`no check begins with ${only}: --list prints them`, 2);
  if (flags.list) return say(chosen.map(({ id, section, expected }) => `${id}  ${section}: ${expected}`).join("\n"));
  if (address === undefined) return refuse("say which server: npm run conformance -- --address 127.0.0.1:8033 (--help tells more)", 2);
  const roles = modelsByRole(models);
  const unknown = [...roles.keys()].find((role) => !modelRoles.includes(role));
  if (unknown !== undefined) return refuse(`"${unknown}" is no role of a model: there are ${modelRoles.join(", ")}`, 2);
  const subject = subjectAt({ address, grpc, models: roles });
  try {
    const results = await resultsOf(subject, chosen);
    if (!results) return refuse(`${subject.rest} cannot be reached: start the server, or give its address`, 4);
    if (json) say(JSON.stringify({ checks: results, totals: totalsOf(results) }));
    else print(results);
    return results.some(({ outcome }) => outcome === "fail" || outcome === "skip") ? 1 : 0;
  } finally {
    subject.grpc.close();
  }
}

async function publishPage(): Promise<number> {
  // The servers of others are nothing that a run against one address loads.
  const { publish } = await import("./conformance/publish.ts");
  await publish((line) => console.error(`conformance: ${line}`));
  return 0;
}

/** Undefined when nobody listens. */
async function resultsOf(subject: Subject, chosen: readonly Check[]): Promise<readonly CheckResult[] | undefined> {
  try {
    await fetch(`${subject.rest}/v2/health/live`);
  } catch {
    // Refused, or no such host: told by the caller.
    return undefined;
  }
  return runChecks(chosen, subject);
}

function chosenChecks(only: string | undefined): readonly Check[] {
  const starts = only?.split(",");
  return starts ? checks.filter(({ id }) => starts.some((start) => id.startsWith(start))) : checks;
}

function modelsByRole(models: string | undefined): ReadonlyMap<string, string> {
  const pairs = models?.split(",").map((pair) => pair.split("=")) ?? [];
  return new Map(pairs.map(([role = "", name = ""]) => [role, name]));
}

function print(results: readonly CheckResult[]): void {
  for (const { id, outcome, expected, actual, ours } of results) {
    if (outcome === "pass") continue;
    say(`${outcome.padEnd(11)} ${id}${ours === undefined ? "" : ` (more than the protocol asks: ${ours})`}`);
    say(`  expected: ${expected}\n  actual:   ${actual}`);
  }
  const { pass, fail, unsupported, skip, checks: all, wrongRequests } = totalsOf(results);
  say(`${pass} pass, ${fail} fail, ${unsupported} unsupported, ${skip} skip: ${all} checks, ${wrongRequests} of them wrong requests`);
}

function writeModels(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const models = conformanceModels();
  for (const { name, bytes } of models) writeFileSync(join(folder, `${name}.onnx`), bytes);
  return say(`${models.length} models in ${folder}: deploy each under the name of its file`);
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function refuse(why: string, status: number): number {
  console.error(`conformance: ${why}`);
  return status;
}
