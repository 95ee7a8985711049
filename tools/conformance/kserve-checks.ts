/** Checks of KServe's own addresses: its version 1 of the protocol, and its list of models. */
import type { Check } from "./check.ts";
import { square } from "./infer-requests.ts";
import { absentStatuses as absent, field, hasError, post, type RestWanted, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };

const rows: readonly SectionRow[] = [
  {
    id: "v1-models",
    expected: "names",
    sent: () => ({ path: "/v1/models" }),
    wanted: { status: 200, holds: (received) => Array.isArray(field(received.json, "models")) },
  },
  {
    id: "v1-model",
    expected: "name and ready",
    sent: ({ model }) => ({ path: `/v1/models/${model}` }),
    wanted: { status: 200, holds: (received) => String(field(received.json, "ready")).toLowerCase() === "true" },
  },
  {
    id: "v1-predict",
    expected: "predictions",
    sent: ({ model }) => post(`/v1/models/${model}:predict`, { instances: [[square(28)]] }),
    wanted: { status: 200, holds: (received) => Array.isArray(field(received.json, "predictions")) },
  },
  {
    id: "v1-explain",
    expected: "a refusal: there is no explainer",
    sent: ({ model }) => post(`/v1/models/${model}:explain`, { instances: [[square(28)]] }),
    wanted: { status: [400, 404, 500, 501], holds: hasError },
  },
  {
    id: "v1-predict-columns",
    expected: "outputs by column",
    sent: ({ model }) => post(`/v1/models/${model}:predict`, { inputs: { Input3: [[square(28)]] } }),
    wanted: {
      status: 200,
      holds: (received) => field(received.json, "outputs") !== undefined || field(received.json, "predictions") !== undefined,
    },
    ours: "of TensorFlow Serving's version 1; KServe's servers leave it to the model",
  },
  {
    id: "models",
    expected: "names",
    sent: () => ({ path: "/v2/models" }),
    wanted: { status: 200, holds: (received) => Array.isArray(field(received.json, "models")) },
  },
  {
    id: "v1-predict-absent",
    expected: "404",
    sent: () => post("/v1/models/absent:predict", { instances: [] }),
    wanted: { status: 404, holds: hasError },
  },
  { id: "v1-predict-none", expected: "400: no instances", sent: ({ model }) => post(`/v1/models/${model}:predict`, {}), wanted: refused },
  { id: "v1-predict-not-json", expected: "400", sent: ({ model }) => post(`/v1/models/${model}:predict`, "{"), wanted: refused },
  {
    id: "v1-predict-kind",
    expected: "400: instances is no list",
    sent: ({ model }) => post(`/v1/models/${model}:predict`, { instances: 7 }),
    wanted: refused,
  },
];

/** Every check of them. */
export const kserveChecks: readonly Check[] = sectionChecks(
  { section: "KServe", unsupported: absent, ours: "of KServe's servers, not of the protocol" },
  rows,
);
