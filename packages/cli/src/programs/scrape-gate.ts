/**
 * Who may read the metrics: whoever may ask of the whole server, that is a client certificate, or a key of the namespace `modelyard-system`. What is
 * decided is told to the access log.
 */
import {
  AccessLog,
  type AccessLogDeps,
  type AccessRecord,
  type AuthenticationOptions,
  authenticate,
  authorize,
  failedHandshakeRecord,
  failure,
  httpStatusOf,
  readApiKey,
  requestFacts,
  type SenderDecision,
  senderFacts,
  systemNamespace,
} from "@modelyard/core";
import type { Scrape, ScrapeVerdict } from "../supervisor/scrape.ts";

/** What {@link createScrapeGate} works with. */
export interface ScrapeGateDeps extends Omit<AccessLogDeps<AccessRecord>, "recordOf"> {
  readonly authentication: AuthenticationOptions & { readonly kind: "required" };
}

/** Judges scrapes. */
export interface ScrapeGate {
  authorize(scrape: Scrape): ScrapeVerdict;
  /** Writes the rest of the access log. Idempotent. */
  close(): void;
}

type ScrapeRequest = Scrape & { readonly kind: "request" };

/** Creates a gate over keys. */
export function createScrapeGate({ authentication, ...deps }: ScrapeGateDeps): ScrapeGate {
  const { clock } = deps;
  const accessLog = new AccessLog({ ...deps, recordOf: (record: AccessRecord) => record });
  const authorizeRequest = (scrape: ScrapeRequest, nowMs: number): ScrapeVerdict => {
    const decision = decide(scrape, authentication, nowMs);
    const { refusal } = decision;
    const record = recordOf(scrape, decision, nowMs);
    if (accessLog.records(record.code, refusal !== undefined)) accessLog.add(record);
    return refusal ? { kind: "refused", error: refusal.toPublic() } : { kind: "granted" };
  };
  return {
    authorize(scrape) {
      const nowMs = clock.nowMs();
      if (scrape.kind === "request") return authorizeRequest(scrape, nowMs);
      const { remote, why, certificate } = scrape;
      accessLog.add(failedHandshakeRecord({ face: "metrics", remote, why, certificate, endedMs: nowMs }));
      return { kind: "refused", error: failure("API_KEY_MISSING", {}).toPublic() };
    },
    close: () => accessLog.flush(),
  };
}

function decide(
  { fields, certificate }: ScrapeRequest,
  { keys, clientCertificates }: ScrapeGateDeps["authentication"],
  nowMs: number,
): SenderDecision {
  const certificateSubject = clientCertificates ? certificate : undefined;
  const authentication = authenticate({ apiKey: readApiKey((name) => fields[name]), certificateSubject }, keys, nowMs);
  if (authentication.kind === "refused") return { principal: undefined, refusal: authentication.error };
  const { principal } = authentication;
  return { principal, refusal: authorize(principal, { namespace: systemNamespace, role: "infer" }) };
}

function recordOf(scrape: ScrapeRequest, decision: SenderDecision, nowMs: number): AccessRecord {
  const { remote, method, target, fields } = scrape;
  const { refusal } = decision;
  return {
    time: new Date(nowMs).toISOString(),
    remote,
    protocol: "http/1.1",
    face: "metrics",
    method,
    ...requestFacts(target, (name) => fields[name]),
    status: refusal ? httpStatusOf(refusal.code) : 200,
    code: refusal?.code ?? "OK",
    reason: refusal?.reason,
    durationMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    ...senderFacts(decision),
  };
}
