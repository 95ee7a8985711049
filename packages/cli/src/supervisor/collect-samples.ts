/** The samples of a server: the union of what its processes count, each series labelled with its process. */
import type { Sample } from "@modelyard/core";

/** A process that can be asked. */
export interface SampleSource {
  /** For the label `process`, for example `serving-0`. */
  readonly name: string;
  /** Undefined when it does not answer within the limit, milliseconds. */
  samples(limitMs: number): Promise<readonly Sample[] | undefined>;
}

/** What a process has for a scrape. Beyond it the process is left out and counts as down. */
const answerLimitMs = 1_000;

/** Asks all at once; one that does not answer is left out, and `modelyard_process_up` is 0 for it. */
export async function collectSamples(sources: readonly SampleSource[]): Promise<readonly Sample[]> {
  const answers = await Promise.all(
    sources.map(async (source) => ({ process: source.name, samples: await source.samples(answerLimitMs) })),
  );
  return answers.flatMap(({ process, samples }): Sample[] => [
    { name: "modelyard_process_up", labels: { process }, kind: "gauge", value: samples ? 1 : 0 },
    ...(samples ?? []).map((sample) => ({ ...sample, labels: { ...sample.labels, process } })),
  ]);
}
