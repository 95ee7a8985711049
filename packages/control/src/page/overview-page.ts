/** The page at `/`: services, their addresses and states, and what happened lately. Plain HTML, no script. */
import { type Event, eventKind, type InferenceService, inferenceServiceKind } from "@modelyard/api";
import type { ResourceClient } from "@modelyard/resources";
import { ageText } from "../api-server/object-table.ts";
import { type Html, html } from "./html.ts";

/** What the page shows. */
export interface Overview {
  readonly services: readonly InferenceService[];
  readonly events: readonly Event[];
  readonly dataUrl: string | undefined;
  readonly version: string;
  readonly nowMs: number;
}

const maxServices = 500;
const maxEvents = 50;

const style = `
:root{color-scheme:light dark;--line:#8883;--quiet:#656d76;--good:#1a7f37;--busy:#9a6700;--bad:#cf222e;font:15px/1.5 system-ui,sans-serif}
@media(prefers-color-scheme:dark){:root{--quiet:#9198a1;--good:#3fb950;--busy:#d29922;--bad:#f85149}}
body{max-width:76rem;margin:2rem auto;padding:0 1.25rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2.25rem 0 .5rem}
header{display:flex;gap:.25rem 1rem;align-items:baseline;flex-wrap:wrap}
.quiet,th{color:var(--quiet)}.good{color:var(--good)}.busy{color:var(--busy)}.bad{color:var(--bad)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:44rem}
th,td{text-align:left;padding:.35rem 1.25rem .35rem 0;vertical-align:top}
th{font-weight:500;font-size:.9rem;white-space:nowrap}
thead tr,tbody{border-bottom:1px solid var(--line)}
.one,.number{white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums}
.rest{width:100%}.name,.rest{overflow-wrap:anywhere}.name{min-width:11rem;max-width:20rem}
.more td{padding-top:0}
code{font:13px ui-monospace,monospace}
`;

/** Reads what the page shows. */
export async function readOverview(client: ResourceClient, facts: Pick<Overview, "dataUrl" | "version" | "nowMs">): Promise<Overview> {
  const [services, events] = await Promise.all([client.list(inferenceServiceKind), client.list(eventKind)]);
  return { ...facts, services: services.items, events: events.items };
}

/** The page as HTML. */
export function overviewPage(overview: Overview): string {
  const { services, events, dataUrl, version, nowMs } = overview;
  const latest = events.toSorted(latestFirst).slice(0, maxEvents);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Modelyard</title><style>${{ html: style }}</style></head><body>
<header><h1>Modelyard</h1><span class="quiet">${version}</span><span class="quiet">${addressOf(dataUrl)}</span></header>
<h2>Services <span class="quiet">${services.length}</span></h2>${services.length === 0 ? noServices : serviceTable(services.slice(0, maxServices))}
${services.length > maxServices ? html`<p class="quiet">Only the first ${maxServices} are shown.</p>` : undefined}
<h2>Recent events</h2>${latest.length === 0 ? html`<p class="quiet">Nothing happened in the last hour.</p>` : eventTable(latest, nowMs)}
</body></html>
`;
  return page.html;
}

const noServices = html`<p>There are none yet. Deploy one: <code>modelyard deploy model.onnx</code></p>`;

function addressOf(dataUrl: string | undefined): Html {
  return dataUrl === undefined ? html`no inference address is known yet` : html`inference at <code>${dataUrl}</code>`;
}

function serviceTable(services: readonly InferenceService[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>Service</th><th>Namespace</th><th>State</th><th class="number">Revision</th><th>Address</th></tr></thead>
${services.map(serviceRows)}</table></div>`;
}

/** One service: its facts, and below them why it failed. */
function serviceRows(service: InferenceService): Html {
  const { name, namespace } = service.metadata;
  const { modelyard, modelStatus } = service.status ?? {};
  const failure = modelStatus?.lastFailureInfo?.message;
  const why = failure === undefined ? undefined : html`<tr class="more"><td class="quiet" colspan="5">${failure}</td></tr>`;
  return html`<tbody><tr><td class="name">${modelyard?.modelName ?? name}</td><td class="one">${namespace}</td><td class="one">${stateOf(service)}</td>
<td class="number">${modelyard?.revision ?? "–"}</td><td class="rest"><code>${modelyard?.url ?? "–"}</code></td></tr>${why}</tbody>
`;
}

/** What serves, and where it is going: a revision that failed leaves the one before it serving. */
function stateOf(service: InferenceService): Html {
  const { modelStatus, modelyard } = service.status ?? {};
  const active = modelStatus?.states?.activeModelState || "Pending";
  const transition = modelStatus?.transitionStatus ?? "InProgress";
  const going =
    transition === "UpToDate" ? undefined : html` <span class="${transition === "InProgress" ? "quiet" : "bad"}">${transition}</span>`;
  const stage = modelyard?.stage === undefined ? undefined : html` <span class="quiet">(${modelyard.stage})</span>`;
  return html`<span class="${toneOf(active)}">${active}</span>${going}${stage}`;
}

function toneOf(active: string): "good" | "busy" | "bad" {
  if (active === "FailedToLoad") return "bad";
  return active === "Loaded" || active === "Standby" ? "good" : "busy";
}

/** By second, as Events have no finer time; within one by revision of the store. */
function latestFirst(a: Event, b: Event): number {
  const byTime = Date.parse(b.lastTimestamp ?? "") - Date.parse(a.lastTimestamp ?? "");
  return byTime || Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion);
}

function eventTable(events: readonly Event[], nowMs: number): Html {
  const rows = events.map((event) => {
    const { type, reason, message, involvedObject, lastTimestamp, count = 1 } = event;
    const age = lastTimestamp === undefined ? "" : ageText(nowMs - Date.parse(lastTimestamp));
    return html`<tbody><tr><td class="number">${age}</td><td class="one${type === "Warning" ? " bad" : ""}">${reason}</td><td class="name">${involvedObject.name}</td>
<td class="rest">${message}${count > 1 ? html` <span class="quiet">(${count} times)</span>` : undefined}</td></tr></tbody>
`;
  });
  return html`<div class="scroll"><table>
<thead><tr><th class="number">Age</th><th>Reason</th><th>Object</th><th>Message</th></tr></thead>
${rows}</table></div>`;
}
