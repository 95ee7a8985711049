/** Checks of the model repository extension over REST. */
import type { Check, Outcome, Subject } from "./check.ts";
import { image } from "./infer-requests.ts";
import {
  absentStatuses as absent,
  exchange,
  field,
  hasError,
  post,
  type RestReceived,
  type RestSent,
  type RestWanted,
  type SectionRow,
  sectionChecks,
} from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };
const extension = "model_repository";
const json = JSON.stringify({ inputs: [image] });

const rows: readonly SectionRow[] = [
  {
    id: "index",
    expected: "names and states",
    sent: () => post("/v2/repository/index", {}),
    wanted: { status: 200, holds: hasStates },
    unsupported: absent,
  },
  {
    id: "index-empty",
    expected: "200: a body is not needed",
    sent: () => post("/v2/repository/index", ""),
    wanted: { status: 200, holds: hasStates },
    unsupported: absent,
  },
  {
    id: "index-ready",
    expected: "those that are ready",
    sent: () => post("/v2/repository/index", { ready: true }),
    wanted: { status: 200, holds: areReady },
    unsupported: absent,
  },
  {
    id: "index-ready-text",
    expected: "400: ready is no boolean",
    sent: () => post("/v2/repository/index", { ready: "yes" }),
    wanted: refused,
  },
  { id: "index-not-json", expected: "400", sent: () => post("/v2/repository/index", "{"), wanted: refused },
  {
    id: "load",
    expected: "200",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, {}),
    wanted: { status: 200 },
    unsupported: absent,
  },
  {
    id: "load-empty",
    expected: "200: a body is not needed",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, ""),
    wanted: { status: 200 },
    unsupported: absent,
  },
  {
    id: "load-absent",
    expected: "a refusal",
    sent: () => post("/v2/repository/models/absent/load", {}),
    wanted: { status: [400, 404], holds: hasError },
  },
  {
    id: "unload-absent",
    expected: "a refusal",
    sent: () => post("/v2/repository/models/absent/unload", {}),
    wanted: { status: [400, 404], holds: hasError },
  },
  { id: "load-not-json", expected: "400", sent: ({ model }) => post(`/v2/repository/models/${model}/load`, "{"), wanted: refused },
  {
    id: "load-parameters-list",
    expected: "400",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: [] }),
    wanted: refused,
  },
  {
    id: "load-config",
    expected: "the configuration is taken, or 501",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: { config: "{}" } }),
    wanted: { status: [200, 501] },
  },
  {
    id: "load-file",
    expected: "the file is taken, or 501",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: { config: "{}", "file:1/model.onnx": "" } }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "unload-dependents-text",
    expected: "400: unload_dependents is no boolean",
    ours: "the extension does not say what a server does with a value that is none",
    sent: () => post("/v2/repository/models/absent/unload", { parameters: { unload_dependents: "yes" } }),
    wanted: { status: [400, 404], holds: hasError },
  },
  {
    id: "load-by-get",
    expected: "405 or 400",
    sent: ({ model }) => ({ path: `/v2/repository/models/${model}/load` }),
    wanted: { status: [400, 405] },
  },
];

/** Every check of the extension. */
export const repositoryChecks: readonly Check[] = [...sectionChecks({ section: "repository", extension }, rows), unloadAndLoad()];

/** In one check, as its steps depend on each other and the model has to be back for the rest. */
function unloadAndLoad(): Check {
  const run = async (subject: Subject): Promise<Outcome> => {
    const { rest, model } = subject;
    const sent = async (request: RestSent): Promise<number> => (await exchange(rest, request)).status;
    const infer = (): Promise<number> => sent({ path: `/v2/models/${model}/infer`, method: "POST", body: json });
    const unloaded = await sent(post(`/v2/repository/models/${model}/unload`, {}));
    const seen = [unloaded, await sent({ path: `/v2/models/${model}/ready` }), await infer()];
    const isListed = await isReadyInIndex(subject);
    seen.push(await sent(post(`/v2/repository/models/${model}/load`, {})), await infer());
    const [, ready = 0, refusal = 0, loaded, again] = seen;
    const isHeld = unloaded === 200 && ready >= 400 && refusal >= 400 && !isListed;
    const actual = `${seen.join(", ")}${isListed ? ", and READY in the index" : ""}`;
    return { actual, isRight: isHeld && loaded === 200 && again === 200, isUnsupported: absent.includes(unloaded) };
  };
  const expected = "unload 200, then not ready, refused, and not READY in the index; load 200, then answered";
  return { id: "rest-unload-and-load", section: "repository", protocol: "REST", isWrong: false, expected, extension, run };
}

async function isReadyInIndex({ rest, model }: Subject): Promise<boolean> {
  const { json: index } = await exchange(rest, post("/v2/repository/index", {}));
  return Array.isArray(index) && index.some((entry) => field(entry, "name") === model && field(entry, "state") === "READY");
}

function hasStates({ json: body }: RestReceived): boolean {
  const entries = Array.isArray(body) ? (body as readonly unknown[]) : [];
  return entries.length > 0 && entries.every((one) => typeof field(one, "name") === "string" && typeof field(one, "state") === "string");
}

function areReady({ json: body }: RestReceived): boolean {
  return Array.isArray(body) && body.every((one) => field(one, "state") === "READY");
}
