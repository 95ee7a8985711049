/**
 * `npm run conformance -- --address H:P [--grpc H:P] [--models ROLE=NAME,…] [--only IDS] [--json]`: the Open Inference Protocol v2 as checks against
 * any server. Roles: `mnist`, the digits network (default name `mnist`); `identity`, the beginning of the names of the models that give back what
 * they get (default `identity_`, so that the one of FP32 is `identity_fp32`); `--write-models DIR` writes those as ONNX files.
 * Status 1 on a fail or a skip, 2 for a wrong call, 4 when the address cannot be reached.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { datatypes } from "@modelyard/codec";
import { connect } from "./acceptance/harness/clients.ts";
import type { Check, Finding, Subject } from "./conformance/check.ts";
import { checks } from "./conformance/checks.ts";
import { buildIdentity } from "./conformance/identity-model.ts";

type Result = Omit<Check, "run" | "needs" | "expected"> & Finding;

const { values: flags } = parseArgs({
  options: {
    address: { type: "string" },
    grpc: { type: "string" },
    models: { type: "string" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
    "write-models": { type: "string" },
  },
});
if (flags["write-models"] !== undefined) writeModels(flags["write-models"]);
else if (flags.address === undefined) {
  console.error("conformance: say which server: npm run conformance -- --address 127.0.0.1:8033");
  process.exitCode = 2;
} else process.exitCode = await main(flags.address);

async function main(address: string): Promise<number> {
  const subject = subjectAt(address);
  try {
    await fetch(`${subject.rest}/v2/health/live`);
  } catch {
    console.error(`conformance: ${subject.rest} cannot be reached: start the server, or give its address`);
    subject.grpc.close();
    return 4;
  }
  const results: Result[] = [];
  for (const check of chosen()) results.push(await result(check, subject));
  subject.grpc.close();
  const totals = totalsOf(results);
  if (flags.json) console.log(JSON.stringify({ checks: results, totals }));
  else print(results, totals);
  return totals["fail"] === 0 && totals["skip"] === 0 && results.length > 0 ? 0 : 1;
}

function subjectAt(address: string): Subject {
  const models = new Map((flags.models ?? "").split(",").map((pair) => pair.split("=") as [string, string | undefined]));
  const identityPrefix = models.get("identity") ?? "identity_";
  return {
    rest: `http://${address}`,
    grpc: connect(`http://${flags.grpc ?? address}`),
    model: models.get("mnist") ?? "mnist",
    identity: (datatype) => identityPrefix + datatype.toLowerCase(),
  };
}

function chosen(): readonly Check[] {
  const only = flags.only?.split(",");
  return only ? checks.filter(({ id }) => only.some((start) => id.startsWith(start))) : checks;
}

async function result(check: Check, subject: Subject): Promise<Result> {
  const { id, section, protocol, isWrong } = check;
  return { id, section, protocol, isWrong, ...(await finding(check, subject)) };
}

async function finding(check: Check, subject: Subject): Promise<Finding> {
  const { expected } = check;
  const needed = check.needs?.(subject);
  if (needed !== undefined && !(await isServed(subject, needed))) {
    return { outcome: "skip", expected, actual: `the server has no model "${needed}": write them with --write-models DIR` };
  }
  try {
    const { actual, isRight, isUnsupported = false } = await check.run(subject);
    return { outcome: isRight ? "pass" : isUnsupported ? "unsupported" : "fail", expected, actual };
  } catch (error) {
    return { outcome: "fail", expected, actual: String(error) };
  }
}

async function isServed({ rest }: Subject, model: string): Promise<boolean> {
  return (await fetch(`${rest}/v2/models/${model}`)).ok;
}

function totalsOf(results: readonly Result[]): Readonly<Record<string, number>> {
  const count = (outcome: Finding["outcome"]): number => results.filter((one) => one.outcome === outcome).length;
  return {
    pass: count("pass"),
    fail: count("fail"),
    unsupported: count("unsupported"),
    skip: count("skip"),
    checks: results.length,
    wrongRequests: results.filter(({ isWrong }) => isWrong).length,
  };
}

function print(results: readonly Result[], totals: Readonly<Record<string, number>>): void {
  for (const { id, outcome, expected, actual } of results)
    if (outcome !== "pass") console.log(`${outcome.padEnd(11)} ${id}\n  expected: ${expected}\n  actual:   ${actual}`);
  const { pass, fail, unsupported, skip, checks: all, wrongRequests } = totals;
  console.log(
    `${pass} pass, ${fail} fail, ${unsupported} unsupported, ${skip} skip: ${all} checks, ${wrongRequests} of them wrong requests`,
  );
}

function writeModels(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const datatype of datatypes) writeFileSync(join(folder, `identity_${datatype.toLowerCase()}.onnx`), buildIdentity(datatype));
  console.log(`${datatypes.length} models in ${folder}: deploy each under the name of its file`);
}
