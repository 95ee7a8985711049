/** Every proof point, in the order of the issues. */
import type { Point } from "./point.ts";

export const points: readonly Point[] = [
  {
    name: "first-answer/1",
    wanted:
      "A fresh clone in an empty home folder with the system's Node only answers after `npm run quickstart -- --once`; then 200 MNIST images over REST JSON, REST binary, gRPC typed and gRPC raw: 800 right answers",
    inCi: false,
    script: "./first-answer/1.ts",
  },
  {
    name: "first-answer/2",
    wanted: "The nine MNIST cases within tolerance in four encodings; simple_string, rebuilt as ONNX, with its strings",
    inCi: true,
    script: "./first-answer/2.ts",
  },
  {
    name: "first-answer/3",
    wanted:
      "tritonclient (HTTP, gRPC), the kserve SDK and @grpc/grpc-js make the calls this issue covers; the list of calls and answers is printed",
    inCi: true,
    script: "./first-answer/3.ts",
  },
  {
    name: "first-answer/4",
    wanted:
      "Under 50 acknowledged writes/s and 200 inferences/s: 25 kills -9 each of serving, control and supervisor, 5 amid a deploy; ledger equals store, every service answers again, failed requests are retryable or closed, no process is left over",
    inCi: false,
    script: "./first-answer/4.ts",
  },
  {
    name: "first-answer/5",
    wanted:
      "1,000 distinct MNIST models in memory for 300: Zipf requests for 60 s, every answer right for its model, memory within the limit",
    inCi: false,
    script: "./first-answer/5.ts",
  },
  {
    name: "first-answer/6",
    wanted:
      "A model that never ends, a truncated one, one that asks for 1 TiB, one that crashes the runtime: each fails alone, with its reason, while another answers",
    inCi: true,
    script: "./first-answer/6.ts",
  },
  {
    name: "first-answer/7",
    wanted: "Two servers in one process by startModelyard(); the store suite on memory, SQLite, socket and real etcd",
    inCi: false,
    script: "./first-answer/7.ts",
  },
  {
    name: "first-answer/8",
    wanted:
      "`npm run bench -- --json` gives rows with at least 5 alternating pairs and all samples, for MNIST gRPC and REST at 1, 10 and 64 in flight, start and memory",
    inCi: false,
    script: "./first-answer/8.ts",
  },
  {
    name: "protocol/1",
    wanted:
      "Conformance: ours passes all; the same suite against PyPI's MLServer and kserve server, results published in docs/conformance.md as a table; at least 20 faults planted one at a time in the gateway, each caught by the suite",
    inCi: false,
    script: "./protocol/1.ts",
  },
  {
    name: "protocol/2",
    wanted:
      "tritonclient (http, http.aio, grpc, grpc.aio), kserve (REST, gRPC), grpcurl by reflection and perf_analyzer make every public call they have: right, or refused by name; what is left out is named",
    inCi: true,
    script: "./protocol/2.ts",
  },
  {
    name: "protocol/3",
    wanted:
      "h2spec: all cases, generic, hpack and http2, over cleartext and TLS; at least 120 HTTP/1.1 cases from RFC 9112, each also sent to nginx and node:http, every difference explained in the data",
    inCi: true,
    script: "./protocol/3.ts",
  },
  {
    name: "protocol/4",
    wanted:
      "300 distinct wrong requests, at least 20 of each of 14 classes, each with expected status and reason; after 100 passes a good request is answered, handles are at the baseline, memory within 5 %",
    inCi: false,
    script: "./protocol/4.ts",
  },
  {
    name: "protocol/5",
    wanted:
      "1,000,000 fuzzed conversations with a server in a process of its own (10,000 in a CI run), at least half of them mutations of valid ones: no crash, no hang over 1 s, no growth, no answer that must not be; seed and histogram are printed",
    inCi: true,
    script: "./protocol/5.ts",
  },
  {
    name: "protocol/6",
    wanted:
      "60 hostile archives and listings, generated: all refused by name, nothing written outside, limits of memory and disk held; from a real S3 server with connections cut at random 200 artifacts arrive intact",
    inCi: false,
    script: "./protocol/6.ts",
  },
  {
    name: "protocol/7",
    wanted:
      "Slow-reader, slow-writer and 10,000-connection tests hold their memory bounds, good requests are answered meanwhile; 25 kills -9 of the serving process under TLS load: failed requests are retryable or closed, none is answered wrong, every service answers again, no process is left over",
    inCi: false,
    script: "./protocol/7.ts",
  },
  {
    name: "protocol/8",
    wanted:
      "40 tries without, with wrong, expired or foreign credentials on every surface: all refused, all in the access log with who tried and why it was refused",
    inCi: true,
    script: "./protocol/8.ts",
  },
  {
    name: "speed/1",
    wanted:
      "ONNX Runtime's share of the process's busy CPU: at least 75 % over gRPC with MNIST at 10 and 100 streams, at least 42 % over binary REST at 32 connections",
    inCi: false,
    script: "./speed/1.ts",
  },
  {
    name: "speed/2",
    wanted:
      "Beside the bare ONNX Runtime loop in Python at 16 and 64 in flight: at most 2.6x over REST (JSON and binary) and 1.7x over gRPC; beside MLServer at most 1/11 and 1/6 of its CPU in process, 1/24 and 1/14 as it comes; start to first inference at most 1/6 of its; KServe's server and memory in the same table",
    inCi: false,
    script: "./speed/2.ts",
  },
  {
    name: "speed/3",
    wanted: "REST JSON beside the same handler on fastify: at most 0.6x without the model, at most 0.75x with it",
    inCi: false,
    script: "./speed/3.ts",
  },
  {
    name: "speed/4",
    wanted:
      "A dense net over gRPC, 64 in flight on one connection: at least 4x less ONNX Runtime CPU a request and 2.5x less in all when requests run together; at most 1.1x at one in flight",
    inCi: false,
    script: "./speed/4.ts",
  },
  {
    name: "speed/5",
    wanted:
      "10,000 distinct MNIST models: at least 7,000 per GiB, at most 0.6 ms CPU per load of a prepared copy, thread count flat, 100 answers checked; 5,000 load and unload cycles within 5 %; a cold prepared model answers in at most 3 ms p50 through the gateway",
    inCi: false,
    script: "./speed/5.ts",
  },
  {
    name: "speed/6",
    wanted:
      "`modelyard up` to ready at most 1 s; serving process with one model at most 95 MiB; p99 at most 3x p50 at half load for 60 s; no pause over 5 ms; with a model of about 1 ms two cores give at least 1.7x the throughput of one, from one HTTP/2 connection and from many; the same of MNIST is reported",
    inCi: false,
    script: "./speed/6.ts",
  },
  {
    name: "speed/7",
    wanted:
      "1, 10, 100, 1,000 connections and 1, 10, 100, 1,000 models in one process: CPU per request of no cell worse than 1.6x its best neighbour, or explained; a new connection for every request at most 2.5x nginx's CPU, and what handing over costs",
    inCi: false,
    script: "./speed/7.ts",
  },
  {
    name: "speed/8",
    wanted: "The check that `serve` reaches no schema, HTTP, gRPC or metrics library holds; a planted import fails it",
    inCi: true,
    script: "./speed/8.ts",
  },
];
