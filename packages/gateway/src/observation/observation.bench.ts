/**
 * What observing one inference takes: its exchange and body, the clock reads, counters, histograms, statistics and the access log's decision, without
 * the request itself. Budget: 1 µs, of which the seven reads of the clock are half. Microseconds a request, median of nine rounds. Run by hand:
 * `node --conditions=modelyard-source packages/gateway/src/observation/observation.bench.ts`.
 */
import { AccessLog, metricsRegistry, silentLog, systemClock } from "@modelyard/core";
import { type BodyConsumer, type Exchange, responseHead, trailers, type WholeResponse } from "@modelyard/wire";
import { accessRecordOf } from "../access-log/access-record.ts";
import { InferenceRecord } from "../inference/inference-record.ts";
import { ServerLoad } from "../limits/server-load.ts";
import { ModelStatistics } from "../operations/model-statistics.ts";
import { RequestCounters } from "../request-counters.ts";
import type { HeadMemo } from "../routing/head-memo.ts";
import { ObservedBody } from "./observed-body.ts";
import { type ExchangeObserver, ObservedExchange } from "./observed-exchange.ts";
import { openBatchSize, openInvokeTime, openRequestSeries } from "./request-series.ts";

const clock = systemClock();
const metrics = metricsRegistry();
const series = openRequestSeries(metrics, "grpc", "infer");
const invokeTime = openInvokeTime(metrics);
const batchSize = openBatchSize(metrics);
const counters = new RequestCounters(metrics, "grpc", "infer");
const statistics = new ModelStatistics();
const load = new ServerLoad({ maxInFlight: 1_000 }, metrics);
const accessLog = new AccessLog({ clock, metrics, log: silentLog(), accessLog: "errors", writeAccessLog() {}, recordOf: accessRecordOf });
const response: WholeResponse = { head: responseHead(200, []), body: new Uint8Array(100), trailers: trailers([["grpc-status", "0"]]) };
const chunk = new Uint8Array(3_200);
const consumer: BodyConsumer = { onData() {}, onEnd() {}, onAbort() {} };
// What is observed asks for no more of either.
const memo = { isGrpc: true } as HeadMemo;
const inner = { isOver: false, respond() {}, onAbort() {} } as unknown as Exchange;
const observer: ExchangeObserver = {
  headOf: (_exchange, head) => head,
  ended({ startedMs, bytesIn, bytesOut }, { code }) {
    const durationMs = clock.monotonicMs() - startedMs;
    load.end();
    series.ended({ code, durationMs, bytesIn, bytesOut });
    accessLog.records(code, false);
  },
};

function observeOne(): void {
  const exchange = new ObservedExchange(inner, observer, { memo, admission: undefined, startedMs: clock.monotonicMs() });
  load.begin();
  load.checkInFlight();
  const body = new ObservedBody(exchange, consumer);
  body.onData(chunk);
  const record = new InferenceRecord(clock, statistics);
  record.bound();
  record.ran();
  invokeTime.observe(record.inferMs);
  exchange.respond(response);
  counters.ok();
  batchSize.observe(1);
  record.answered("default/mnist__isvc-1", { batchSize: 1, runSize: 1 });
  body.onEnd();
}

function microsPerRequest(): number {
  const requests = 100_000;
  const startMs = performance.now();
  for (let request = 0; request < requests; request++) observeOne();
  return ((performance.now() - startMs) * 1000) / requests;
}

microsPerRequest();
const rounds = Array.from({ length: 9 }, microsPerRequest).toSorted((a, b) => a - b);
console.log(`observing an inference  ${(rounds[4] ?? 0).toFixed(2)} µs`);
