/** The benchmark gives its rows in the agreed form, with every sample. */
import { join } from "node:path";
import type { BenchRow } from "../../bench/row.ts";
import { lineOf } from "../../bench/row-text.ts";
import { capture, root } from "../../repository.ts";
import type { Measurement } from "../point.ts";

const wantedRows = [1, 10, 64].flatMap((inFlight) => [`mnist-grpc-${inFlight}`, `mnist-rest-${inFlight}`]);

const only = "mnist-grpc,mnist-rest,start-to-ready,memory-serving";

export async function measure(): Promise<Measurement> {
  const { status, output } = await capture(process.execPath, [
    "--conditions=modelyard-source",
    join(root, "tools/bench.ts"),
    "--json",
    "--only",
    only,
  ]);
  const line = output.split("\n").find((text) => text.startsWith('{"machine"'));
  if (status !== 0 || !line) return { measured: `bench ended with ${status}`, holds: false, details: output.split("\n").slice(-15) };
  const { machine, rows } = JSON.parse(line) as { readonly machine: unknown; readonly rows: readonly BenchRow[] };
  const missing = [...wantedRows, "start-to-ready", "memory"].filter((wanted) => !rows.some(({ id }) => id.startsWith(wanted)));
  const thin = rows.filter(({ ours, peerValues, peer }) => ours.length < 5 || (peer !== "none" && peerValues.length < 5));
  const measured = `${rows.length} rows, ${missing.length} missing, ${thin.length} with fewer than 5 pairs, machine ${JSON.stringify(machine)}`;
  return { measured, holds: missing.length === 0 && thin.length === 0, details: rows.map(lineOf) };
}
