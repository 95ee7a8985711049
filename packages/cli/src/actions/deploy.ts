/** `modelyard deploy`: creates or updates an InferenceService, and follows it until it answers or fails. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { apiVersionOf, type InferenceService, inferenceServiceKind, modelNameAnnotation, refetchAnnotation } from "@modelyard/api";
import { failure, PlatformError } from "@modelyard/core";
import { nameOfSource, parseArtifactSource } from "@modelyard/objects";
import type { ResourceClient } from "@modelyard/resources";
import type { CommandContext } from "../commands/command-context.ts";
import type { DeployOptions } from "../commands/deploy-command.ts";
import { parseDuration } from "../config/units.ts";
import { curlLine } from "../output/curl-line.ts";
import { formatFields } from "../output/table.ts";
import { fetchMetadata } from "../server/data-plane.ts";
import { modelUrlOf, serviceKey } from "../server/services.ts";
import { awaitDeployment } from "./await-deployment.ts";
import { reachableUri } from "./deploy-upload.ts";
import { openSession } from "./session.ts";

/** What is deployed, and where to. */
interface Deployment {
  readonly modelName: string;
  readonly key: { readonly namespace: string; readonly name: string };
  readonly storageUri: string;
  readonly unpack: string | undefined;
  /** Value of the annotation that makes the source be fetched again, by which the status says that it is about this deployment. */
  readonly refetch: string;
}

/** Runs the command. */
export async function deploy(source: string, options: DeployOptions, context: CommandContext): Promise<void> {
  const { clock, random, signal } = context;
  const limitMs = parseDuration(options.timeout);
  if (limitMs === undefined)
    throw failure("OPTION_INVALID", { origin: "--timeout", current: `"${options.timeout}"`, wanted: "a duration such as 120s or 5m" });
  const { unpack } = options;
  if (unpack !== undefined && !unpackWords.includes(unpack))
    throw failure("OPTION_INVALID", { origin: "--unpack", current: `"${unpack}"`, wanted: `one of ${unpackWords.join(", ")}` });
  const session = openSession(options, context);
  const { client, fetch, output } = session;
  const uri = storageUriOf(source);
  const modelName = options.name ?? nameOf(uri);
  const key = serviceKey({ name: modelName, namespace: options.namespace });
  const refetch = `${new Date(clock.nowMs()).toISOString()}-${random.next().toString(36).slice(2, 8)}`;
  const startedMs = clock.monotonicMs();
  const storageUri = await reachableUri(
    { source, uri, isUploadWanted: options.upload === true, name: modelName },
    { session, clock, signal },
  );
  const deployment = { modelName, key, storageUri, unpack, refetch };
  await put(client, deployment);
  const service = await awaitDeployment({ client, key, name: modelName, refetch, limitMs }, { clock, output, signal });
  const url = modelUrlOf(service);
  const metadata = await fetchMetadata(url, { signal, fetch });
  const { grpc = "", revision = 0, digest = "" } = service.status?.modelyard ?? {};
  const answer = {
    name: modelName,
    namespace: key.namespace,
    url,
    grpc,
    revision,
    digest,
    curl: curlLine(url, metadata, session.curlOptions),
  };
  const seconds = ((clock.monotonicMs() - startedMs) / 1_000).toFixed(1);
  output.answer(answer, () => deployedText(answer, seconds));
}

/** When an archive is unpacked. */
const unpackWords: readonly string[] = ["auto", "always", "never"];

interface Answer {
  readonly name: string;
  readonly namespace: string;
  readonly url: string;
  readonly grpc: string;
  readonly revision: number;
  readonly digest: string;
  readonly curl: string;
}

function deployedText(answer: Answer, seconds: string): string {
  const { name, namespace, url, grpc, revision, digest, curl } = answer;
  const where = namespace === "default" ? "" : ` in the namespace ${namespace}`;
  const fields = formatFields([
    ["REST", url],
    ["gRPC", `${grpc}, model_name "${name}"${namespace === "default" ? "" : `, metadata modelyard-namespace: ${namespace}`}`],
    ["Digest", digest],
  ]);
  return `"${name}" answers${where}: revision ${revision}, ready after ${seconds} s\n\n${fields}\n\nTry it:\n\n${curl}\n`;
}

/** The address of a source as the server reads it: paths become absolute, and are looked at here, where a wrong one is a typing error. */
function storageUriOf(source: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(source);
  const uri = isAddress ? source : pathToFileURL(resolve(source)).href;
  const parsed = parseArtifactSource(uri);
  if (parsed.kind === "file" && !existsSync(parsed.path))
    throw failure("SOURCE_NOT_FOUND", { source: parsed.path, why: "there is nothing of that name" });
  return uri;
}

/** The last part of an address, without its extension. */
function nameOf(uri: string): string {
  const name = nameOfSource(parseArtifactSource(uri)).replace(/\.[A-Za-z0-9]+$/, "");
  if (name !== "") return name;
  throw failure("SOURCE_UNSUPPORTED", { source: uri, why: "it has no file name to name the model after; use --name" });
}

const maxConflicts = 5;

/** Creates the service, or makes the one of that name serve this source. What else its spec says is kept. */
async function put(client: ResourceClient, deployment: Deployment): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const present = await client.get(inferenceServiceKind, deployment.key).catch((error: unknown) => absentOnly(error));
    try {
      if (present) await client.update(inferenceServiceKind, changed(present, deployment));
      else await client.create(inferenceServiceKind, created(deployment));
      return;
    } catch (error) {
      // Somebody else wrote in between: read again, decide again.
      const isRace = PlatformError.is(error) && (error.reason === "RESOURCE_CONFLICT" || error.reason === "RESOURCE_EXISTS");
      if (!isRace || attempt >= maxConflicts) throw error;
    }
  }
}

function absentOnly(error: unknown): undefined {
  if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return undefined;
  throw error;
}

function created(deployment: Deployment): InferenceService {
  const { key } = deployment;
  return {
    apiVersion: apiVersionOf(inferenceServiceKind) as InferenceService["apiVersion"],
    kind: "InferenceService",
    metadata: { ...key, annotations: annotationsOf(deployment) },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, ...storageOf(deployment) } } },
  };
}

function changed(present: InferenceService, deployment: Deployment): InferenceService {
  const { predictor } = present.spec;
  const { storage: _replaced, ...model } = predictor.model ?? { modelFormat: { name: "onnx" } };
  return {
    ...present,
    metadata: { ...present.metadata, annotations: { ...present.metadata.annotations, ...annotationsOf(deployment) } },
    spec: { ...present.spec, predictor: { ...predictor, model: { ...model, ...storageOf(deployment) } } },
  };
}

function storageOf({ storageUri, unpack }: Deployment): {
  readonly storageUri: string;
  readonly storage?: { readonly parameters: { readonly unpack: string } };
} {
  return unpack === undefined ? { storageUri } : { storageUri, storage: { parameters: { unpack } } };
}

function annotationsOf({ key, modelName, refetch }: Deployment): Record<string, string> {
  return { [refetchAnnotation]: refetch, ...(key.name === modelName ? {} : { [modelNameAnnotation]: modelName }) };
}
