/**
 * What every request of the control port passes: its sender is asked for credentials, its end is logged, and it is ended when its sender may no longer
 * ask for it.
 *
 * Invariant: a request that reaches its route was allowed; a key that expires, is deleted or loses its role ends what runs with it within
 * {@link lookEveryMs}.
 */
import type { Socket } from "node:net";
import {
  type AccessLog,
  type AuthenticationOptions,
  authenticate,
  authorize,
  type Clock,
  type Credentials,
  failure,
  isStillAllowed,
  type Permission,
  type PlatformError,
  type Principal,
  readApiKey,
  type SenderDecision,
  type Timer,
} from "@modelyard/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { checkOrigin } from "./origin-check.ts";
import { type ControlAccessEntry, codeOf, headerOf } from "./control-access-record.ts";
import { permissionOf } from "./permission-of.ts";
import { throwAwayBody } from "./unread-body.ts";

/** What the door works with. */
export interface FrontDoorDeps {
  readonly authentication: AuthenticationOptions;
  readonly clock: Clock;
  readonly accessLog: AccessLog<ControlAccessEntry>;
  /** Subject of the certificate a connection showed and TLS verified. */
  readonly certificateSubjectOf: (socket: Socket) => string | undefined;
}

/** How often it is looked whether the keys of running requests still hold, milliseconds. */
const lookEveryMs = 1_000;

/** A request that was let in, or was not. */
interface Visit {
  readonly request: FastifyRequest;
  readonly end: AbortController;
  readonly startedMs: number;
  readonly permission: Permission | undefined;
  decision: SenderDecision | undefined;
  error: PlatformError | undefined;
}

/** The door of one server. */
export class FrontDoor {
  readonly #deps: FrontDoorDeps;
  readonly #visits = new WeakMap<FastifyRequest, Visit>();
  /** Those that run with a key. */
  readonly #keyed = new Set<Visit>();
  readonly #traffic = new WeakMap<Socket, { readonly read: number; readonly written: number }>();
  #timer: Timer | undefined;

  constructor(deps: FrontDoorDeps) {
    this.#deps = deps;
  }

  /** Puts it in front of the routes that are added from now on. */
  guard(app: FastifyInstance): void {
    app.addHook("onRequest", async (request, reply) => this.#admit(request, reply));
  }

  /** Aborted when the sender of a request may no longer be answered. */
  signalOf(request: FastifyRequest): AbortSignal | undefined {
    return this.#visits.get(request)?.end.signal;
  }

  /** Notes which failure a request is answered with. */
  noteFailure(request: FastifyRequest, error: PlatformError): void {
    const visit = this.#visits.get(request);
    if (visit) visit.error = error;
  }

  /** Looks at no request any more. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#keyed.clear();
    this.#deps.accessLog.flush();
  }

  #admit(request: FastifyRequest, reply: FastifyReply): void {
    const visit = this.#enter(request, reply);
    const { authentication } = this.#deps;
    if (authentication.kind === "none") return checkOrigin(request.headers, request.protocol);
    if (!visit.permission) return;
    visit.decision = this.#decide(request, visit.permission);
    const { refusal, principal } = visit.decision;
    if (refusal) {
      throwAwayBody(request.raw, this.#deps.clock);
      throw refusal;
    }
    if (principal?.kind === "key") this.#follow(visit);
  }

  #enter(request: FastifyRequest, reply: FastifyReply): Visit {
    const permission = permissionOf(request);
    const visit: Visit = {
      request,
      end: new AbortController(),
      startedMs: this.#deps.clock.monotonicMs(),
      permission: permission === "open" ? undefined : permission,
      decision: undefined,
      error: undefined,
    };
    this.#visits.set(request, visit);
    reply.raw.once("close", () => this.#leave(visit, reply));
    return visit;
  }

  #decide(request: FastifyRequest, permission: Permission): SenderDecision {
    const { authentication, clock } = this.#deps;
    if (authentication.kind === "none") return { principal: undefined, refusal: undefined };
    const answer = authenticate(this.#credentialsOf(request), authentication.keys, clock.nowMs());
    if (answer.kind === "refused") return { principal: undefined, refusal: answer.error };
    const { principal } = answer;
    return { principal, refusal: authorize(principal, permission) ?? refusedPage(principal, request) };
  }
