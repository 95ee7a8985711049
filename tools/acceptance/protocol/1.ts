/** Every check against Modelyard, MLServer and KServe, as published; and faults planted one at a time in the gateway, each to be noticed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { noFault, plantedFaults } from "@modelyard/gateway/testing";
import { catchFault } from "../../conformance/catch-fault.ts";
import { checks } from "../../conformance/checks.ts";
import { compareServers, type ServerResults } from "../../conformance/compare-servers.ts";
import { openWorkbench } from "../../conformance/gateway-under-test.ts";
import { pagePath } from "../../conformance/publish.ts";
import { summary } from "../../conformance/report.ts";
import { totalsOf } from "../../conformance/run-checks.ts";
import { root } from "../../repository.ts";
import type { Measurement, PointContext } from "../point.ts";

const wantedFaults = 20;
const wantedChecks = 300;

interface Catch {
  readonly name: string;
  /** Id of the check that noticed; undefined: none did. */
  readonly id: string | undefined;
}

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const servers = await compareServers(join(folder, "servers"), say);
  say(`${plantedFaults.length} planted faults`);
  const { disturbed, catches } = await plantAll(join(folder, "faults"));
  const isPublished = readFileSync(join(root, pagePath), "utf8").includes(summary(servers));
  const caught = catches.filter(({ id }) => id !== undefined).length;
  const isWhole = caught === catches.length && caught >= wantedFaults && disturbed === undefined;
  return {
    measured: `${servers.map(figures).join("; ")}; ${pagePath} ${isPublished ? "says so" : "says otherwise"}; ${caught} of ${catches.length} planted faults caught, ${disturbed ?? "no"} check disturbed by the planting itself`,
    holds: isWhole && isPublished && passesAll(servers[0]) && checks.length >= wantedChecks,
    details: [
      ...catches.map(({ name, id }) => `${name}: ${id ?? "NOT CAUGHT"}`),
      ...(isPublished ? [] : ["npm run conformance -- --publish writes the page anew"]),
    ],
  };
}

async function plantAll(folder: string): Promise<{ readonly disturbed: string | undefined; readonly catches: readonly Catch[] }> {
  const workbench = await openWorkbench(folder);
  try {
    const disturbed = (await catchFault(workbench, noFault))?.id;
    const catches: Catch[] = [];
    for (const fault of plantedFaults) {
      const noticed = await catchFault(workbench, fault);
      catches.push({ name: fault.name, id: noticed?.outcome === "fail" ? noticed.id : undefined });
    }
    return { disturbed, catches };
  } finally {
    await workbench.close();
  }
}

function figures({ name, version, results }: ServerResults): string {
  const { pass, fail, unsupported, skip } = totalsOf(results);
  return `${name} ${version}: ${pass} pass, ${fail} fail, ${unsupported} unsupported, ${skip} skip`;
}

function passesAll(server: ServerResults | undefined): boolean {
  return server?.results.every(({ outcome }) => outcome === "pass") ?? false;
}
