/** Checks of what a server may leave out, if it says so: tracing, logging, shared memory, generation, sequences. */
import type { Check } from "./check.ts";
import { hasAnswer, image, imageBytes, inferSent, outputName } from "./infer-requests.ts";
import { absentStatuses as absent, hasError, post, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const mayIgnore = "a server without an extension may ignore its parameters";
const left = { status: [200, 501] } as const;
const rows: readonly SectionRow[] = [
  { id: "trace", expected: "settings, or 501", sent: () => ({ path: "/v2/trace/setting" }), wanted: left },
  {
    id: "trace-model",
    expected: "settings, or 501",
    sent: ({ model }) => ({ path: `/v2/models/${model}/trace/setting` }),
    wanted: left,
  },
  { id: "trace-set", expected: "settings, or 501", sent: () => post("/v2/trace/setting", {}), wanted: left },
  { id: "logging", expected: "settings, or 501", sent: () => ({ path: "/v2/logging" }), wanted: left },
  { id: "logging-set", expected: "settings, or 501", sent: () => post("/v2/logging", {}), wanted: left },
  ...["system", "cuda"].flatMap((kind): readonly SectionRow[] => [
    {
      id: `${kind}-memory-status`,
      expected: "regions, or 501",
      sent: () => ({ path: `/v2/${kind}sharedmemory/status` }),
      wanted: left,
    },
    {
      id: `${kind}-memory-register`,
      expected: "a refusal: there is no such memory",
      sent: () => post(`/v2/${kind}sharedmemory/region/none/register`, { key: "/none", offset: 0, byte_size: 4 }),
      wanted: { status: [400, 501], holds: hasError },
    },
    {
      id: `${kind}-memory-unregister`,
      expected: "200 or 501",
      sent: () => post(`/v2/${kind}sharedmemory/unregister`, {}),
      wanted: left,
    },
  ]),
  {
    id: "generate",
    expected: "a refusal: the model has no text",
    sent: ({ model }) => post(`/v2/models/${model}/generate`, { text_input: "x" }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "generate-stream",
    expected: "a refusal: the model has no text",
    sent: ({ model }) => post(`/v2/models/${model}/generate_stream`, { text_input: "x" }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "sequence",
    ours: mayIgnore,
    expected: "never ignored: 501 or 400",
    sent: inferSent({ inputs: [image], parameters: { sequence_id: 7, sequence_start: true } }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "sequence-text",
    ours: mayIgnore,
    expected: "never ignored: 501 or 400",
    sent: inferSent({ inputs: [image], parameters: { sequence_id: "seven", sequence_end: true } }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "shared-memory-output",
    ours: mayIgnore,
    expected: "a refusal: there is no such memory",
    sent: inferSent({
      inputs: [image],
      outputs: [{ name: outputName, parameters: { shared_memory_region: "none", shared_memory_byte_size: 40 } }],
    }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "shared-memory-input",
    ours: mayIgnore,
    expected: "a refusal: there is no such memory",
    sent: inferSent({
      inputs: [{ ...image, data: undefined, parameters: { shared_memory_region: "none", shared_memory_byte_size: imageBytes } }],
    }),
    wanted: { status: [400, 501], holds: hasError },
  },
];

const schedule: readonly SectionRow[] = [
  {
    id: "timeout",
    expected: "200, in time",
    sent: inferSent({ inputs: [image], parameters: { timeout: 10_000_000 } }),
    wanted: { status: 200, holds: hasAnswer },
  },
  {
    id: "priority",
    expected: "200",
    sent: inferSent({ inputs: [image], parameters: { priority: 1 } }),
    wanted: { status: 200, holds: hasAnswer },
  },
  {
    id: "timeout-text",
    expected: "400: no whole number of microseconds",
    ours: "the extension does not say what a server does with a timeout that is none",
    sent: inferSent({ inputs: [image], parameters: { timeout: "soon" } }),
    wanted: { status: 400, holds: hasError },
  },
];

/** Every check of them. */
export const leftOutChecks: readonly Check[] = [
  ...sectionChecks({ section: "left out", unsupported: absent }, rows),
  ...sectionChecks({ section: "schedule policy", extension: "schedule_policy" }, schedule),
];
