/**
 * What every other part is given: the error class and its catalogue, and the ports for time, randomness, log and metrics.
 * No dependencies, no configuration, no module-level state.
 */

export { AccessLog, type AccessLogDeps, type AccessLogLevel } from "./access-log/access-log.ts";
export {
  type AccessRecord,
  boundedText,
  type RequestFacts,
  requestFacts,
  type SenderDecision,
  type SenderFacts,
  senderFacts,
  type TraceFacts,
  traceFacts,
} from "./access-log/access-record.ts";
export { type FailedHandshakeFacts, failedHandshakeRecord } from "./access-log/failed-handshake.ts";
export { assert, assertNever } from "./assert.ts";
export {
  type ApiKey,
  type ApiKeyRole,
  apiKeyDigest,
  apiKeyPrefix,
  apiKeyRoles,
  isApiKeyId,
  isApiKeyRole,
  type KeyTable,
  parsePresentedKey,
  systemNamespace,
} from "./authentication/api-key.ts";
export { type Authentication, authenticate, type Credentials, type Principal } from "./authentication/authenticate.ts";
export type { AuthenticationOptions } from "./authentication/authentication-options.ts";
export { authorize, type Permission } from "./authentication/authorize.ts";
export { newApiKey } from "./authentication/new-api-key.ts";
export { apiKeyHeader, readApiKey } from "./authentication/read-api-key.ts";
export { isStillAllowed, type PresentState } from "./authentication/still-allowed.ts";
export { type KeyChanges, type StoredKey, type WatchedKeys, type WatchKeysOptions, watchKeys } from "./authentication/watch-keys.ts";
export type { CatalogueEntry } from "./catalogue/entry.ts";
export { catalogue, type DetailsOf, entryOf, type Reason, reasons } from "./catalogue/index.ts";
export { type Clock, sleep, systemClock, type Timer } from "./clock.ts";
export { type Code, codeOfGrpcStatus, type ExitStatus, exitStatusOf, grpcStatusOf, httpStatusOf, kubernetesReasonOf } from "./code.ts";
export { type DeadlineOptions, withDeadline } from "./deadline.ts";
export { IdSlots } from "./id-slots.ts";
export { describeError, type JsonLogOptions, jsonLog, type Log, type LogFields, type LogLevel, silentLog } from "./log.ts";
export { type Counter, type Gauge, type Histogram, type Labels, type Metrics, maxSeries, metricsRegistry, type Sample } from "./metrics.ts";
export { nodeCrypto } from "./node-crypto.ts";
export { OwedWork } from "./owed-work.ts";
export { failure, failureFromPublic, PlatformError, type PlatformErrorExtras, type PublicError } from "./platform-error.ts";
export { identityOf, isRunning, killExactly, type ProcessIdentity, parseIdentity } from "./process-identity.ts";
export { type PrometheusTextOptions, prometheusContentType, prometheusText } from "./prometheus-text.ts";
export { type Random, randomInteger, seededRandom, systemRandom } from "./random.ts";
export { sha256 } from "./sha256.ts";
