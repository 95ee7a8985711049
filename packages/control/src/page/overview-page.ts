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
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap}
.quiet{opacity:.65}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600;opacity:.65}
code{font:13px ui-monospace,monospace}
.good{color:#1a7f37}.bad{color:#cf222e}.busy{color:#9a6700}
@media(prefers-color-scheme:dark){.good{color:#3fb950}.bad{color:#f85149}.busy{color:#d29922}}
`;

/** Reads what the page shows. */
export async function readOverview(client: ResourceClient, facts: Pick<Overview, "dataUrl" | "version" | "nowMs">): Promise<Overview> {
  const [services, events] = await Promise.all([client.list(inferenceServiceKind), client.list(eventKind)]);
  return { ...facts, services: services.items, events: events.items };
}

/** The page as HTML. */
export function overviewPage(overview: Overview): string {
  const { services, events, dataUrl, version, nowMs } = overview;
  const latest = events.toSorted((a, b) => ((a.lastTimestamp ?? "") < (b.lastTimestamp ?? "") ? 1 : -1)).slice(0, maxEvents);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Modelyard</title><style>${{ html: style }}</style></head><body>
<header><h1>Modelyard</h1><span class="quiet">version ${version}, inference at <code>${dataUrl ?? "an address not known yet"}</code></span></header>
<h2>Services (${services.length})</h2>${services.length === 0 ? noServices : serviceTable(services.slice(0, maxServices))}
${services.length > maxServices ? html`<p class="quiet">Only the first ${maxServices} are shown.</p>` : undefined}
<h2>Recent events</h2>${latest.length === 0 ? html`<p class="quiet">Nothing happened in the last hour.</p>` : eventTable(latest, nowMs)}
</body></html>
`;
  return page.html;
}

const noServices = html`<p>There are none yet. Deploy one: <code>modelyard deploy model.onnx</code></p>`;

function serviceTable(services: readonly InferenceService[]): Html {
  const rows = services.map((service) => {
    const { name, namespace } = service.metadata;
    const { modelyard, modelStatus } = service.status ?? {};
    const info = modelStatus?.lastFailureInfo?.message;
    return html`<tr><td>${modelyard?.modelName ?? name}${info === undefined ? undefined : html`<br><span class="quiet">${info}</span>`}</td><td>${namespace}</td><td>${stateOf(service)}</td>
<td>${modelyard?.revision ?? "–"}</td><td><code>${modelyard?.url ?? "–"}</code></td></tr>`;
  });
  return html`<div class="scroll"><table><tr><th>Service</th><th>Namespace</th><th>State</th><th>Revision</th><th>Address</th></tr>${rows}</table></div>`;
}

function stateOf(service: InferenceService): Html {
  const { modelStatus, modelyard } = service.status ?? {};
  const active = modelStatus?.states?.activeModelState || "Pending";
  const transition = modelStatus?.transitionStatus ?? "InProgress";
  const tone = active === "FailedToLoad" || transition === "BlockedByFailedLoad" || transition === "InvalidSpec" ? "bad" : toneOf(active);
  const stage = modelyard?.stage === undefined ? undefined : html` <span class="quiet">(${modelyard.stage})</span>`;
  return html`<span class="${tone}">${active}</span>${transition === "UpToDate" ? undefined : html` <span class="quiet">${transition}</span>`}${stage}`;
}

function toneOf(active: string): "good" | "busy" {
  return active === "Loaded" || active === "Standby" ? "good" : "busy";
}

function eventTable(events: readonly Event[], nowMs: number): Html {
  const rows = events.map((event) => {
    const { type, reason, message, involvedObject, lastTimestamp, count = 1 } = event;
    const age = lastTimestamp === undefined ? "" : ageText(nowMs - Date.parse(lastTimestamp));
    return html`<tr><td>${age}</td><td class="${type === "Warning" ? "bad" : ""}">${reason}</td><td>${involvedObject.name}</td>
<td>${message}${count > 1 ? html` <span class="quiet">(${count} times)</span>` : undefined}</td></tr>`;
  });
  return html`<div class="scroll"><table><tr><th>Age</th><th>Reason</th><th>Object</th><th>Message</th></tr>${rows}</table></div>`;
}
