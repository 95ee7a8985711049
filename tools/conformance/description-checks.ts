/** Checks of the statistics and the model configuration extensions over REST. */
import type { Check, Outcome, Subject } from "./check.ts";
import { image, inferSent } from "./infer-requests.ts";
import { absentStatuses as absent, exchange, field, hasError, type RestReceived, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const section = "statistics and configuration";

const statistics: readonly SectionRow[] = [
  {
    id: "stats-model",
    expected: "counts and times",
    sent: ({ model }) => ({ path: `/v2/models/${model}/stats` }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-version",
    expected: "counts and times",
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/1/stats` }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-all",
    expected: "a list",
    sent: () => ({ path: "/v2/models/stats" }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-absent",
    expected: "a refusal",
    sent: () => ({ path: "/v2/models/absent/stats" }),
    wanted: { status: [400, 404], holds: hasError },
  },
];

const configuration: readonly SectionRow[] = [
  {
    id: "config",
    expected: "the tensors in Triton's words",
    sent: ({ model }) => ({ path: `/v2/models/${model}/config` }),
    wanted: { status: 200, holds: hasConfiguration },
    unsupported: absent,
  },
  {
    id: "config-version",
    expected: "the same",
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/1/config` }),
    wanted: { status: 200, holds: hasConfiguration },
    unsupported: absent,
  },
  {
    id: "config-absent",
    expected: "a refusal",
    sent: () => ({ path: "/v2/models/absent/config" }),
    wanted: { status: [400, 404], holds: hasError },
  },
];

/** Every check of both extensions. */
export const descriptionChecks: readonly Check[] = [
  ...sectionChecks({ section, extension: "statistics" }, statistics),
  countsGrow(),
  ...sectionChecks({ section, extension: "model_configuration" }, configuration),
];

function countsGrow(): Check {
  const run = async (subject: Subject): Promise<Outcome> => {
    const { rest, model } = subject;
    const before = await exchange(rest, { path: `/v2/models/${model}/stats` });
    await exchange(rest, inferSent({ inputs: [image] })(subject));
    const after = await exchange(rest, { path: `/v2/models/${model}/stats` });
    const counts = [inferenceCount(before), inferenceCount(after)] as const;
    return { actual: counts.join(", then "), isRight: counts[1] === counts[0] + 1, isUnsupported: [404, 501].includes(after.status) };
  };
  return {
    id: "rest-stats-grow",
    section,
    protocol: "REST",
    isWrong: false,
    expected: "one inference more",
    extension: "statistics",
    run,
  };
}

function hasStatistics({ json: body }: RestReceived): boolean {
  const [first] = (field(body, "model_stats") ?? []) as readonly unknown[];
  const parts = ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"];
  const counts = ["last_inference", "inference_count", "execution_count"];
  const hasTimes = parts.every((part) =>
    ["count", "ns"].every((one) => field(field(field(first, "inference_stats"), part), one) !== undefined),
  );
  return hasTimes && counts.every((one) => field(first, one) !== undefined);
}

function inferenceCount({ json: body }: RestReceived): number {
  const stats = (field(body, "model_stats") ?? []) as readonly unknown[];
  return stats.reduce<number>((sum, one) => sum + Number(field(one, "inference_count")), 0);
}

function hasConfiguration({ json: body }: RestReceived): boolean {
  const [input] = (field(body, "input") ?? []) as readonly unknown[];
  return field(input, "name") === "Input3" && field(input, "data_type") === "TYPE_FP32" && Array.isArray(field(input, "dims"));
}
