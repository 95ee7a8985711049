/**
 * `npm run conformance -- --address H:P [--grpc H:P] [--models ROLE=NAME,…] [--only IDS] [--json]`: the Open Inference Protocol v2 as checks against
 * any server. The server must serve the digits network of `mnist` under that name, or under the one `--models mnist=NAME` gives.
 * Status 1 on a fail or a skip, 4 when the address cannot be reached.
 */
import { parseArgs } from "node:util";
import { connect } from "./acceptance/harness/clients.ts";
import type { Check, Finding, Subject } from "./conformance/check.ts";
import { grpcChecks } from "./conformance/grpc-checks.ts";
import { restChecks } from "./conformance/rest-checks.ts";

const { values: flags } = parseArgs({
  options: {
    address: { type: "string" },
    grpc: { type: "string" },
    models: { type: "string" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
if (!flags.address) {
  console.error("conformance: say which server: npm run conformance -- --address 127.0.0.1:8033");
  process.exit(2);
}
const models = new Map((flags.models ?? "").split(",").map((pair) => pair.split("=") as [string, string | undefined]));
const subject: Subject = {
  rest: `http://${flags.address}`,
  grpc: connect(`http://${flags.grpc ?? flags.address}`),
  model: models.get("mnist") ?? "mnist",
};
await reachable(subject.rest);
const only = flags.only?.split(",");
const results: (Omit<Check, "run" | "expected"> & Finding)[] = [];
for (const check of [...restChecks, ...grpcChecks]) {
  if (only && !only.some((id) => check.id.startsWith(id))) continue;
  const { id, section, protocol } = check;
  results.push({ id, section, protocol, ...(await finding(check)) });
}
subject.grpc.close();
const totals = Object.fromEntries(
  (["pass", "fail", "unsupported", "skip"] as const).map((outcome) => [outcome, results.filter((one) => one.outcome === outcome).length]),
);
if (flags.json) console.log(JSON.stringify({ checks: results, totals }));
else print();
process.exit((totals["fail"] ?? 0) + (totals["skip"] ?? 0) > 0 || results.length === 0 ? 1 : 0);

async function finding(check: Check): Promise<Finding> {
  try {
    const { actual, isRight, isUnsupported = false } = await check.run(subject);
    return { outcome: isRight ? "pass" : isUnsupported ? "unsupported" : "fail", expected: check.expected, actual };
  } catch (error) {
    return { outcome: "fail", expected: check.expected, actual: String(error) };
  }
}

function print(): void {
  for (const { id, outcome, expected, actual } of results)
    if (outcome !== "pass") console.log(`${outcome.padEnd(11)} ${id}\n  expected: ${expected}\n  actual:   ${actual}`);
  console.log(
    Object.entries(totals)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", "),
  );
}

async function reachable(address: string): Promise<void> {
  try {
    await fetch(`${address}/v2/health/live`);
  } catch {
    console.error(`conformance: ${address} cannot be reached: start the server, or give its address`);
    process.exit(4);
  }
}
