/**
 * The API server: Kubernetes REST over the objects in the store, on fastify. It decides nothing itself: rules of objects are in `resources` and `api`.
 *
 * Invariants: neither who may not ask nor a web page of another site reaches a route; every refusal is a `Status`; nothing internal is in an
 * answer; bodies, watches and connections are limited.
 */
import { isIP } from "node:net";
import { kinds } from "@modelyard/api";
import { type Clock, failure, type Log, type Metrics, PlatformError } from "@modelyard/core";
import type { Uploads } from "@modelyard/objects";
import { type StoreResources, statusOfError } from "@modelyard/resources";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { FrontDoor } from "../authentication/front-door.ts";
import { type AccessOptions, openFrontDoor } from "../authentication/open-front-door.ts";
import { registerUploads, uploadsPath } from "../uploads/upload-routes.ts";
import { discoveryDocuments } from "./discovery.ts";
import { openApiDocuments } from "./openapi.ts";
import { registerKind } from "./resource-routes.ts";
import { WatchLimit } from "./watch-response.ts";

/** Limits of the server. */
export interface ApiServerLimits {
  /** Largest body, in bytes. Default 3 MiB, as a Kubernetes API server. */
  readonly maxBodyBytes?: number;
  /** Most watches at a time. Default 500. */
  readonly maxWatches?: number;
  /** Most connections at a time. Default 1,000. */
  readonly maxConnections?: number;
}

/** Options of {@link apiServer}. */
export interface ApiServerOptions extends ApiServerLimits, AccessOptions {
  readonly client: StoreResources;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Version of the product. */
  readonly version: string;
  /** Whether the server can do its work: what `/readyz` says. */
  readonly isReady: () => boolean;
  /** The page at `/`. */
  readonly page: () => Promise<string>;
  /** What is sent to `/uploads`. */
  readonly uploads: Uploads;
  /** Ends watches that run. */
  readonly signal: AbortSignal;
}

const mebibyte = 1024 * 1024;

/** No route has a schema of fastify's. Unless it is told so, it loads two compilers for them, for which the start of a server would wait. */
const noCompilers = { buildValidator: () => refuseSchema, buildSerializer: () => refuseSchema };

function refuseSchema(): never {
  throw new Error("bodies are checked by their kind, not by a schema of a route");
}

/** Builds the server; it does not listen yet. */
export function apiServer(options: ApiServerOptions): FastifyInstance {
  const { maxBodyBytes = 3 * mebibyte, maxWatches = 500, maxConnections = 1_000, log } = options;
  const app = fastify({
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: 512 },
    // Pieces of uploads may take longer: `limitArrival` holds every other request to its time.
    requestTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    return503OnClosing: true,
    schemaController: { compilersFactory: noCompilers },
  });
  app.server.maxConnections = maxConnections;
  const door = openFrontDoor(app, options);
  app.addHook("onRequest", async (request) => limitArrival(request, options.clock));
  app.setErrorHandler((error: unknown, request, reply) =>
    sendFailure(asFailure(error, { maxBodyBytes, mediaType: request.headers["content-type"] ?? "" }), { request, reply, door, log }),
  );
  app.setNotFoundHandler((request, reply) => {
    const { pathname } = new URL(request.url, "http://server");
    const isKnown = app.findRoute({ url: pathname, method: "GET" }) !== null;
    const error = isKnown
      ? failure("RESOURCE_METHOD_UNSUPPORTED", { method: request.method, path: pathname })
      : failure("API_PATH_NOT_FOUND", { path: pathname });
    return sendFailure(error, { request, reply, door, log });
  });
  takeBodies(app);
  registerDocuments(app, options);
  const endOf = (request: FastifyRequest): AbortSignal => AbortSignal.any([options.signal, door.signalOf(request)]);
  const deps = { client: options.client, clock: options.clock, kinds, watches: new WatchLimit(maxWatches), endOf };
  for (const kind of kinds) registerKind(app, kind, deps);
  registerUploads(app, { uploads: options.uploads, clock: options.clock });
  return app;
}

/** Address of a listening server as clients write it. */
export function urlOf(app: FastifyInstance, isSecure: boolean): string {
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("The API server does not listen");
  const host = isIP(address.address) === 6 ? `[${address.address}]` : address.address;
  return `${isSecure ? "https" : "http"}://${host}:${address.port}`;
}

/** Longest time a body may take to arrive, milliseconds. */
const arrivalLimitMs = 60_000;

/** Ends the connection of a request whose body does not arrive in time; pieces of uploads have a limit of their own, on idleness. */
function limitArrival(request: FastifyRequest, clock: Clock): void {
  const { raw } = request;
  if (raw.complete || raw.url?.startsWith(`${uploadsPath}/`)) return;
  const timer = clock.setTimer(arrivalLimitMs, () => raw.complete || raw.destroy());
  raw.once("close", () => timer.cancel());
}

/** Bodies are JSON, whatever their media type says of what they mean; an empty one is no body (DELETE). */
function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = (_request: FastifyRequest, body: string | Buffer, done: (error: Error | null, value?: unknown) => void): void => {
    const text = body.toString();
    try {
      done(null, text === "" ? undefined : JSON.parse(text));
    } catch (cause) {
      done(failure("INVALID_ARGUMENT", { what: "The request's body is not JSON" }, { cause }));
    }
  };
  app.addContentTypeParser(/^application\/([\w.-]+\+)?(json|yaml)$/, { parseAs: "string" }, parse);
}

function registerDocuments(app: FastifyInstance, options: ApiServerOptions): void {
  for (const [path, document] of discoveryDocuments(kinds, options.version)) app.get(path, async () => document);
  for (const [path, make] of openApiDocuments(kinds, options.version)) app.get(path, async () => make());
  app.get("/livez", async () => "ok");
  for (const path of ["/healthz", "/readyz"]) {
    app.get(path, async (_request, reply) => {
      if (options.isReady()) return "ok";
      return reply.code(503).send("not ready: the objects were not read yet");
    });
  }
  app.get("/", async (_request, reply) => {
    const page = await options.page();
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(page);
  });
}

function asFailure(error: unknown, context: { readonly maxBodyBytes: number; readonly mediaType: string }): PlatformError {
  if (PlatformError.is(error)) return error;
  // Fastify's own refusals carry a code; everything else is ours to hide.
  const code = error instanceof Error ? (error as Partial<FastifyError>).code : undefined;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return failure("API_BODY_TOO_LARGE", { limitBytes: context.maxBodyBytes });
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return failure("API_MEDIA_TYPE_UNSUPPORTED", { mediaType: context.mediaType, supported: "application/json" });
  }
  if (code?.startsWith("FST_ERR_CTP_") || code === "FST_ERR_BAD_URL")
    return failure("INVALID_ARGUMENT", { what: "The request is not valid" }, { cause: error });
  return PlatformError.from(error);
}

function sendFailure(
  error: PlatformError,
  exchange: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly door: FrontDoor; readonly log: Log },
): FastifyReply {
  const { request, reply, door, log } = exchange;
  door.noteFailure(request, error);
  if (error.code === "INTERNAL" || error.code === "DATA_LOSS")
    log.error("A request failed", error, { method: request.method, path: request.url });
  const status = statusOfError(error);
  // RFC 9110 §11.6.1: an answer 401 says by what scheme to come back.
  if (error.code === "UNAUTHENTICATED") reply.header("www-authenticate", "Bearer");
  if (error.retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(error.retryAfterMs / 1_000));
  return reply.code(status.code).type("application/json").send(status);
}
