/**
 * What every request of the control port passes: its sender is asked for credentials, its end is logged, and it is ended when its sender may no longer
 * ask for it.
 *
 * Invariant: a request that reaches its route was allowed.
 */
import type { Socket } from "node:net";
import {
  type AccessLog,
  type AccessRecord,
  type AuthenticationOptions,
  authenticate,
  authorize,
  type Clock,
  failure,
  type KeyTable,
  type Permission,
  type PlatformError,
  type Principal,
  readApiKey,
  type SenderDecision,
} from "@modelyard/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { checkOrigin } from "../api-server/origin-check.ts";
import { codeOf, controlAccessRecord, headerOf } from "./control-access-record.ts";
import { KeyedRequests } from "./keyed-requests.ts";
import { permissionOf } from "./permission-of.ts";
import { Traffic } from "./traffic.ts";
import { throwAwayBody } from "./unread-body.ts";

/** What the door works with. */
export interface FrontDoorDeps {
  readonly authentication: AuthenticationOptions;
  readonly clock: Clock;
  readonly accessLog: AccessLog<() => AccessRecord>;
  /** Subject of the certificate that a connection showed and TLS verified. */
  readonly certificateSubjectOf: (socket: Socket) => string | undefined;
}

/** A request from its head to the end of its answer. */
interface Visit {
  /** Kept, because a request that was cut off has none. */
  readonly socket: Socket;
  readonly remote: string;
  readonly end: AbortController;
  readonly startedMs: number;
  decision: SenderDecision | undefined;
  error: PlatformError | undefined;
}

/** The door of one server. */
export class FrontDoor {
  readonly #deps: FrontDoorDeps;
  readonly #keyed: KeyedRequests | undefined;
  readonly #visits = new WeakMap<FastifyRequest, Visit>();
  readonly #traffic = new Traffic();

  constructor(deps: FrontDoorDeps) {
    this.#deps = deps;
    if (deps.authentication.kind === "required") this.#keyed = new KeyedRequests(deps.authentication.keys, deps.clock);
  }

  /** Puts it in front of the routes that are added from now on. */
  guard(app: FastifyInstance): void {
    app.addHook("onRequest", async (request, reply) => this.#admit(request, reply));
  }

  /** Aborted when the sender of a request may no longer be answered. */
  signalOf(request: FastifyRequest): AbortSignal {
    return this.#visits.get(request)?.end.signal ?? AbortSignal.abort();
  }

  /** Notes which failure a request is answered with. */
  noteFailure(request: FastifyRequest, error: PlatformError): void {
    const visit = this.#visits.get(request);
    if (visit) visit.error = error;
  }

  /** Follows no request any more, and writes what of the access log was not written yet. */
  close(): void {
    this.#keyed?.close();
    this.#deps.accessLog.flush();
  }

  #admit(request: FastifyRequest, reply: FastifyReply): void {
    const { authentication, clock } = this.#deps;
    const visit = this.#enter(request, reply);
    if (authentication.kind === "none") return checkOrigin(request.headers, request.protocol);
    const permission = permissionOf(request);
    if (permission === "open") return;
    visit.decision = this.#decide(request, permission, authentication);
    const { refusal, principal } = visit.decision;
    if (refusal) {
      throwAwayBody(request.raw, clock);
      throw refusal;
    }
    if (principal?.kind === "key") this.#follow({ request, reply, visit }, { principal, permission });
  }

  #enter(request: FastifyRequest, reply: FastifyReply): Visit {
    const { socket } = request.raw;
    const visit: Visit = {
      socket,
      remote: socket.remoteAddress ?? "",
      end: new AbortController(),
      startedMs: this.#deps.clock.monotonicMs(),
      decision: undefined,
      error: undefined,
    };
    this.#visits.set(request, visit);
    reply.raw.once("close", () => this.#leave(request, reply, visit));
    return visit;
  }

  #decide(
    request: FastifyRequest,
    permission: Permission,
    { keys, clientCertificates }: { readonly keys: KeyTable; readonly clientCertificates: boolean },
  ): SenderDecision {
    const { clock, certificateSubjectOf } = this.#deps;
    const credentials = {
      apiKey: readApiKey((name) => headerOf(request.headers, name)),
      certificateSubject: clientCertificates ? certificateSubjectOf(request.raw.socket) : undefined,
    };
    const answer = authenticate(credentials, keys, clock.nowMs());
    if (answer.kind === "refused") return { principal: undefined, refusal: answer.error };
    const { principal } = answer;
    return { principal, refusal: authorize(principal, permission) ?? refusedPage(principal, request) };
  }

  #follow(
    { request, reply, visit }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly visit: Visit },
    allowed: { readonly principal: Principal; readonly permission: Permission },
  ): void {
    const end = (): void => {
      visit.error = failure("API_KEY_NOT_VALID", {}, { internal: { why: "key ended while the request ran" } });
      visit.decision = { principal: allowed.principal, refusal: visit.error };
      visit.end.abort();
      // What is being sent is not taken any further.
      if (!request.raw.complete) request.raw.destroy(visit.error);
    };
    const leave = this.#keyed?.follow({ ...allowed, end });
    reply.raw.once("close", () => leave?.());
  }

  #leave(request: FastifyRequest, { raw }: FastifyReply, { socket, remote, startedMs, decision, error }: Visit): void {
    const { clock, accessLog } = this.#deps;
    const status = raw.writableFinished ? raw.statusCode : 499;
    const traffic = this.#traffic.since(socket);
    if (!accessLog.records(codeOf({ error, status }), decision?.refusal !== undefined)) return;
    const { method, url, headers, params } = request;
    const endedMs = clock.nowMs();
    const durationMs = clock.monotonicMs() - startedMs;
    const asked = { method, url, headers, params };
    accessLog.add(() => controlAccessRecord({ request: asked, remote, decision, error, status, endedMs, durationMs, ...traffic }));
  }
}

/** A browser shows its certificate to whoever makes it send a request, so the page has to be one of this server. */
function refusedPage(principal: Principal, { headers }: FastifyRequest): PlatformError | undefined {
  const { origin, host } = headers;
  if (principal.kind !== "certificate" || origin === undefined || URL.parse(origin)?.host === host) return undefined;
  return failure("API_ORIGIN_REFUSED", { header: "Origin", value: origin }, { internal: { why: "page of another site" } });
}
