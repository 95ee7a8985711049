/**
 * Which web pages may call the server (Fetch Standard, "CORS protocol"). Without configuration none may; an origin that is not listed is refused
 * as before, and its page learns nothing.
 */
import { failure } from "@modelyard/core";
import { type Field, type RequestHead, type ResponseHead, responseHead } from "@modelyard/wire";

/** Options of CORS. */
export interface CorsOptions {
  /** Origins whose pages may call, as browsers send them (`https://app.example`, with a port other than the scheme's); `*`: all of them. */
  readonly allowedOrigins: readonly string[];
  /** How long a browser may keep the answer to a preflight, in seconds. Default 600. */
  readonly maxAgeSeconds?: number;
}

const exposed = "grpc-status, grpc-message, modelyard-reason, inference-header-content-length, retry-after";
const methods = "GET, HEAD, POST";
const longestRequestedHeaders = 1_024;
const originText = /^https?:\/\/[a-z0-9.[\]:-]+$/;

/** The rules, and the heads they lead to. */
export class CorsPolicy {
  readonly #origins: ReadonlySet<string>;
  readonly #isForAll: boolean;
  readonly #maxAgeSeconds: number;
  /** Heads with the fields of CORS by origin (empty: none) and head: the faces use few heads, and use them again. */
  readonly #heads = new Map<string, WeakMap<ResponseHead, ResponseHead>>();

  constructor({ allowedOrigins, maxAgeSeconds = 600 }: CorsOptions) {
    for (const origin of allowedOrigins) checkOrigin(origin);
    this.#origins = new Set(allowedOrigins);
    this.#isForAll = this.#origins.has("*");
    this.#maxAgeSeconds = maxAgeSeconds;
  }

  /** Whether pages of an origin may call. */
  allows(origin: string): boolean {
    return this.#isForAll || this.#origins.has(origin);
  }

  /** The head of the answer to a preflight, without what every answer has; undefined when the request is none, or not from an origin that is allowed. */
  preflight(head: RequestHead): ResponseHead | undefined {
    const origin = head.get("origin");
    if (head.method !== "OPTIONS" || origin === undefined || head.get("access-control-request-method") === undefined) return undefined;
    if (!this.allows(origin)) return undefined;
    const requested = head.get("access-control-request-headers");
    const fields: Field[] = [
      ["access-control-allow-methods", methods],
      ["access-control-max-age", String(this.#maxAgeSeconds)],
    ];
    if (requested !== undefined && requested.length <= longestRequestedHeaders) fields.push(["access-control-allow-headers", requested]);
    return responseHead(204, fields);
  }

  /** An answer's head with what lets the page read it. */
  headOf(request: RequestHead, head: ResponseHead): ResponseHead {
    const origin = request.get("origin");
    const allowed = origin !== undefined && this.allows(origin) ? origin : "";
    const heads = this.#headsOf(this.#isForAll && allowed !== "" ? "*" : allowed);
    const known = heads.get(head);
    if (known) return known;
    const made = responseHead(head.status, [...head.fields, ...this.#fieldsOf(allowed)]);
    heads.set(head, made);
    return made;
  }

  /** One map for each origin that is allowed, so as many as were configured. */
  #headsOf(origin: string): WeakMap<ResponseHead, ResponseHead> {
    const known = this.#heads.get(origin);
    if (known) return known;
    const heads = new WeakMap<ResponseHead, ResponseHead>();
    this.#heads.set(origin, heads);
    return heads;
  }

  #fieldsOf(origin: string): readonly Field[] {
    const vary: readonly Field[] = this.#isForAll ? [] : [["vary", "origin"]];
    if (origin === "") return vary;
    return [...vary, ["access-control-allow-origin", this.#isForAll ? "*" : origin], ["access-control-expose-headers", exposed]];
  }
}

function checkOrigin(origin: string): void {
  if (origin === "*" || originText.test(origin)) return;
  const what = `The allowed origin "${origin}" is not one a browser sends: scheme and host in lower case, without a path`;
  throw failure("INVALID_ARGUMENT", { what });
}
