/** The REST routes of one kind. */
import type { KindDefinition } from "@modelyard/api";
import { type Clock, failure } from "@modelyard/core";
import { collectionPath, type ListOptions, type ObjectKey, type StoreResources } from "@modelyard/resources";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { fieldValidationOf } from "./admission.ts";
import { patchMediaTypeOf } from "./patch/apply-patch.ts";
import { type Representation, representationOf } from "./representation.ts";
import {
  createObject,
  deleteCollection,
  deleteObject,
  parseDeleteOptions,
  patchObject,
  replaceObject,
  type WriteRequest,
  type Written,
} from "./resource-operations.ts";
import { sendWatch, type WatchLimit } from "./watch-response.ts";

/** What routes are given. */
export interface RouteDeps {
  readonly client: StoreResources;
  readonly clock: Clock;
  readonly kinds: readonly KindDefinition[];
  readonly watches: WatchLimit;
  /** What ends the answer to a request before it is complete. */
  readonly endOf: (request: FastifyRequest) => AbortSignal;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Longest watch, in seconds; also of one that names no time. */
const maxWatchSeconds = 3_600;

/** Registers every route of a kind. */
export function registerKind(app: FastifyInstance, kind: KindDefinition, deps: RouteDeps): void {
  const everywhere = collectionPath(kind);
  const within = collectionPath(kind, ":namespace").replace("%3A", ":");
  app.get(everywhere, (request, reply) => listOrWatch(deps, kind, { request, reply }));
  if (kind.namespaced) app.get(within, (request, reply) => listOrWatch(deps, kind, { request, reply }));
  app.post(within, async (request, reply) => sendWritten(reply, await createObject(deps.client, writeOf(kind, request, "object"))));
  app.delete(within, async (request) => {
    const deleted = await deleteCollection(deps.client, kind, listOptionsOf(request));
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details: { kind: kind.plural, deleted: deleted.length } };
  });
  registerObject(app, kind, { deps, path: `${within}/:name` });
}

function registerObject(app: FastifyInstance, kind: KindDefinition, place: { readonly deps: RouteDeps; readonly path: string }): void {
  const { deps, path } = place;
  const { client } = deps;
  const get = async (request: FastifyRequest): Promise<object> =>
    representation(deps, kind, request).one(await client.get(kind, keyOf(request)));
  app.get(path, get);
  app.delete(path, async (request) => {
    rejectDryRun(request);
    const options = parseDeleteOptions(request.body, queryOf(request));
    return deleteObject(client, { kind, key: keyOf(request), options, kinds: deps.kinds });
  });
  const parts = kind.hasStatus ? (["object", "status"] as const) : (["object"] as const);
  for (const part of parts) {
    const partPath = part === "status" ? `${path}/status` : path;
    if (part === "status") app.get(partPath, get);
    app.put(partPath, async (request, reply) => sendWritten(reply, await replaceObject(client, writeOf(kind, request, part))));
    app.patch(partPath, async (request, reply) => {
      const type = patchMediaTypeOf(request.headers["content-type"]);
      return sendWritten(reply, await patchObject(client, { ...writeOf(kind, request, part), type }));
    });
  }
}

async function listOrWatch(
  deps: RouteDeps,
  kind: KindDefinition,
  exchange: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<object> {
  const { request, reply } = exchange;
  const query = queryOf(request);
  const options = listOptionsOf(request);
  if (!isTrue(query["watch"])) return representation(deps, kind, request).list(await deps.client.list(kind, options));
  const watch = {
    kind,
    options,
    resourceVersion: query["resourceVersion"] ?? "",
    timeoutMs: watchSeconds(query["timeoutSeconds"]) * 1_000,
    allowBookmarks: isTrue(query["allowWatchBookmarks"]),
    marksInitialEvents: isTrue(query["sendInitialEvents"]),
    representation: representation(deps, kind, request),
  };
  await deps.watches.run(() => {
    return sendWatch(reply.raw, watch, { ...deps, signal: deps.endOf(request) });
  });
  return reply.hijack();
}

function sendWritten(reply: FastifyReply, written: Written): object {
  for (const warning of written.warnings) reply.raw.appendHeader("warning", `299 - ${JSON.stringify(warning)}`);
  reply.code(written.isNew ? 201 : 200);
  return written.object;
}

function writeOf(kind: KindDefinition, request: FastifyRequest, part: WriteRequest["part"]): WriteRequest {
  rejectDryRun(request);
  const params = paramsOf(request);
  const { namespace, name } = params;
  const key = { ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
  return { kind, key, body: request.body, validation: fieldValidationOf(queryOf(request)["fieldValidation"]), part };
}

/** A dry run that wrote would be worse than none. */
function rejectDryRun(request: FastifyRequest): void {
  if (queryOf(request)["dryRun"]) throw failure("INVALID_ARGUMENT", { what: "The query parameter dryRun is not supported" });
}

function representation(deps: RouteDeps, kind: KindDefinition, request: FastifyRequest): Representation {
  const { accept } = request.headers;
  return representationOf(kind, { accept, includeObject: queryOf(request)["includeObject"], nowMs: deps.clock.nowMs() });
}

function listOptionsOf(request: FastifyRequest): ListOptions {
  const { namespace } = paramsOf(request);
  const { labelSelector, fieldSelector, limit, continue: token } = queryOf(request);
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(limit ? { limit: wholeNumber("limit", limit) } : {}),
    ...(token ? { continue: token } : {}),
  };
}

function watchSeconds(text: string | undefined): number {
  return Math.min(maxWatchSeconds, text ? wholeNumber("timeoutSeconds", text) || maxWatchSeconds : maxWatchSeconds);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw failure("INVALID_ARGUMENT", { what: `The query parameter ${name} is "${text}" where a whole number is wanted` });
}

function isTrue(text: string | undefined): boolean {
  return text === "1" || text === "true";
}

function keyOf(request: FastifyRequest): ObjectKey {
  const { namespace, name = "" } = paramsOf(request);
  return namespace === undefined ? { name } : { namespace, name };
}

function paramsOf(request: FastifyRequest): { readonly namespace?: string; readonly name?: string } {
  // The routes above name these two and no others.
  return request.params as { readonly namespace?: string; readonly name?: string };
}

function queryOf(request: FastifyRequest): Query {
  // Node's query parser gives texts, or lists of texts for a name that is repeated: the first counts.
  const query = request.query as Readonly<Record<string, string | readonly string[] | undefined>>;
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, typeof value === "object" ? value[0] : value]));
}
