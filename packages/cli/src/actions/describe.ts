/** `modelyard describe`: the state of an object in words. */
import { type ApiObject, type Deployment, type InferenceService, inferenceServiceKind } from "@modelyard/api";
import type { CommandContext } from "../commands/command-context.ts";
import type { ResourceOptions } from "../commands/resource-commands.ts";
import { formatBytes } from "../config/units.ts";
import { formatAge } from "../output/age.ts";
import { formatFields } from "../output/table.ts";
import { getService } from "../server/services.ts";
import { yaml } from "../yaml.ts";
import { eventTable, listEvents } from "./events.ts";
import { kindNamed, objectKey, openSession } from "./session.ts";

/** Runs the command. */
export async function describe(
  target: { readonly kind: string; readonly name: string },
  options: ResourceOptions,
  context: CommandContext,
): Promise<void> {
  const { clock, signal } = context;
  const { client, output } = openSession(options, context);
  const kind = kindNamed(target.kind);
  const { namespace } = options;
  const isService = kind.kind === inferenceServiceKind.kind;
  const service = isService ? await getService(client, { name: target.name, namespace }, signal) : undefined;
  const object = service ?? (await client.get(kind, objectKey(kind, { name: target.name, namespace }), { signal }));
  const recorded = kind.namespaced ? await listEvents(client, { namespace, name: object.metadata.name }, signal) : [];
  const nowMs = clock.nowMs();
  output.answer({ object, events: recorded }, () => {
    const facts = service ? describeService(service, nowMs) : describeObject(object, nowMs);
    return `${facts}\n\nEvents:${recorded.length === 0 ? " none" : `\n${indented(eventTable(recorded, nowMs))}`}`;
  });
}

/** The state of a service: addresses, revisions, status words, and the last failure with what to do. */
export function describeService(service: InferenceService, nowMs: number): string {
  const { metadata, spec, status = {} } = service;
  const { modelyard = {}, modelStatus, conditions = [] } = status;
  const failed = modelyard.failure;
  const sections = [
    formatFields([
      ["Name", modelyard.modelName ?? metadata.name],
      ["Object", modelyard.modelName !== undefined && modelyard.modelName !== metadata.name ? metadata.name : undefined],
      ["Namespace", metadata.namespace],
      ["Age", formatAge(metadata.creationTimestamp, nowMs)],
      ["Source", spec.predictor.model?.storageUri],
      ["Digest", modelyard.digest],
      ["REST", modelyard.url],
      ["gRPC", modelyard.grpc],
      ["Runtime", status.clusterServingRuntimeName ?? status.servingRuntimeName],
    ]),
    formatFields([
      ["Revision", revisionText(modelyard)],
      ["Active model", modelStatus?.states?.activeModelState],
      ["Target model", modelStatus?.states?.targetModelState],
      ["Transition", modelStatus?.transitionStatus],
      ["Copies", modelStatus?.copies?.totalCopies],
      ["Now", stageText(modelyard.stage, modelyard.doneBytes, modelyard.totalBytes)],
    ]),
    conditions.length === 0
      ? ""
      : `Conditions:\n${formatFields(
          conditions.map(({ type, status: state, reason, message }) => [type, [state, reason, message].filter(Boolean).join(", ")]),
          "  ",
        )}`,
  ];
  if (failed) {
    const facts = formatFields(
      [
        ["Reason", failed.reason],
        ["Message", failed.message],
        ["Where", modelStatus?.lastFailureInfo?.location],
        ["When", failed.time],
        ["Next", failed.hint],
      ],
      "  ",
    );
    sections.push(`Failure:\n${facts}`);
  }
  return sections.filter(Boolean).join("\n\n");
}

function revisionText({ revision, targetRevision, failure }: Deployment): string | undefined {
  if (targetRevision === undefined) return revision?.toString();
  const target = `${targetRevision} ${failure ? "failed" : "is being made ready"}`;
  return revision === undefined ? `none yet, ${target}` : `${revision}, ${target}`;
}

function stageText(stage: string | undefined, doneBytes: number | undefined, totalBytes: number | undefined): string | undefined {
  if (stage === undefined || doneBytes === undefined) return stage;
  return `${stage}, ${formatBytes(doneBytes)}${totalBytes === undefined ? "" : ` of ${formatBytes(totalBytes)}`}`;
}

/** Any other object: its metadata, then its content as YAML. */
function describeObject(object: ApiObject, nowMs: number): string {
  const { apiVersion, kind, metadata, ...content } = object;
  const facts = formatFields([
    ["Name", metadata.name],
    ["Namespace", metadata.namespace],
    ["Kind", `${kind} (${apiVersion})`],
    ["Age", formatAge(metadata.creationTimestamp, nowMs)],
  ]);
  const shown = Object.keys(content).length === 0 ? "" : `\n\n${yaml().stringify(content, { aliasDuplicateObjects: false }).trimEnd()}`;
  return facts + shown;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
