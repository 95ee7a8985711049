/** Sends every check to Modelyard and to the servers of others. */
import { join } from "node:path";
import { checks } from "./checks.ts";
import { startKServePeer } from "./peers/kserve.ts";
import { startMlServerPeer } from "./peers/mlserver.ts";
import { startModelyardPeer } from "./peers/modelyard.ts";
import type { Peer } from "./peers/peer.ts";
import { type CheckResult, runChecks } from "./run-checks.ts";
import { subjectAt } from "./subject-at.ts";

/** What came of the checks with one server. */
export interface ServerResults extends Pick<Peer, "name" | "version"> {
  readonly results: readonly CheckResult[];
}

const starts = [
  { name: "modelyard", start: startModelyardPeer },
  { name: "mlserver", start: startMlServerPeer },
  { name: "kserve", start: startKServePeer },
];

/** Starts one after the other in folders of their own, and ends each. */
export async function compareServers(folder: string, say: (line: string) => void): Promise<readonly ServerResults[]> {
  const all: ServerResults[] = [];
  for (const { name, start } of starts) {
    say(`${checks.length} checks to ${name}`);
    all.push(await resultsOf(await start(join(folder, name))));
  }
  return all;
}

async function resultsOf(peer: Peer): Promise<ServerResults> {
  const { name, version, address, grpc } = peer;
  const subject = subjectAt({ address, grpc });
  try {
    return { name, version, results: await runChecks(checks, subject) };
  } finally {
    subject.grpc.close();
    await peer.stop();
  }
}
