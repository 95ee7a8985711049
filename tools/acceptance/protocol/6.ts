/** Hostile archives, each refused by name with nothing left behind; artifacts from a real S3 server whose connections are cut at random. */
import { join } from "node:path";
import { type CutOutcome, fetchUnderCuts, hostileArchives, startRealS3, tryHostileArchive, whyNoS3 } from "@modelyard/objects/testing";
import type { Measurement, PointContext } from "../point.ts";

const wantedArchives = 60;
const wantedArtifacts = 200;
const seed = 20_261_121;
/** Most that resident memory may grow by while one archive is looked at; bombs would unfold to hundreds of times as much. */
const maxResidentBytes = 192 * 2 ** 20;

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const missing = await whyNoS3();
  if (missing !== undefined) return { measured: missing, holds: false };
  say(`${hostileArchives.length} hostile archives`);
  const { wrong, mostBytes } = await hostile(join(folder, "hostile"));
  say(`${wantedArtifacts} artifacts under cuts, seed ${seed}`);
  const cut = await underCuts(join(folder, "cuts"));
  const refused = hostileArchives.length - wrong.length;
  const most = `resident memory grew by at most ${Math.round(mostBytes / 2 ** 20)} MiB`;
  const arrived = `${cut.intact} of ${cut.fetched} artifacts (${cut.totalBytes} bytes) intact over ${cut.cuts} cut connections`;
  return {
    measured: `${refused} of ${hostileArchives.length} hostile archives refused by name and without a trace, ${most}; ${arrived}`,
    holds: wrong.length === 0 && refused >= wantedArchives && cut.intact === wantedArtifacts && cut.cuts > wantedArtifacts,
    details: wrong,
  };
}

async function hostile(folder: string): Promise<{ readonly wrong: readonly string[]; readonly mostBytes: number }> {
  const wrong: string[] = [];
  let mostBytes = 0;
  for (const archive of hostileArchives) {
    const { refusal, changes, residentBytes } = await tryHostileArchive(archive, join(folder, archive.id));
    mostBytes = Math.max(mostBytes, residentBytes);
    const isNamed = refusal?.reason === archive.reason && archive.says.every((part) => refusal.message.includes(part));
    if (!isNamed || changes.length > 0 || residentBytes > maxResidentBytes) {
      wrong.push(`${archive.id}: ${refusal?.message ?? "taken in"}; ${changes.length} changes on disk; ${residentBytes} bytes of memory`);
    }
  }
  return { wrong, mostBytes };
}

async function underCuts(directory: string): Promise<CutOutcome> {
  const server = await startRealS3();
  try {
    return await fetchUnderCuts({ server, directory, count: wantedArtifacts, seed });
  } finally {
    await server.stop();
  }
}
