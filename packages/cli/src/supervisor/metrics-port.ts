/**
 * The metrics port: `GET /metrics` in Prometheus' text format, for scrapers of this machine. It has no authentication, so it listens on loopback and
 * answers no web page: a foreign `Origin` gives one away, and a foreign name in `Host` one that points its own name at loopback.
 *
 * Invariant: at most one collection is under way; scrapes that come meanwhile share it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Log, prometheusContentType, prometheusText, type Sample } from "@modelyard/core";
import { metricHelp } from "./metric-help.ts";

/** Options of {@link openMetricsPort}. */
export interface MetricsPortOptions {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  /** What to answer a scrape with; must end by itself. */
  readonly collect: () => Promise<readonly Sample[]>;
  readonly log: Log;
}

/** An open port. */
export interface MetricsPort {
  readonly port: number;
  /** Closes it and its connections. Idempotent. */
  close(): void;
}

const path = "/metrics";
const maxConnections = 64;
const requestTimeoutMs = 10_000;

/** Opens the port. Rejects with Node's own error (`EADDRINUSE` …). */
export async function openMetricsPort({ address, port, collect, log }: MetricsPortOptions): Promise<MetricsPort> {
  let collecting: Promise<string> | undefined;
  const text = (): Promise<string> => {
    collecting ??= collect()
      .then((samples) => prometheusText(samples, { help: metricHelp }))
      .finally(() => {
        collecting = undefined;
      });
    return collecting;
  };
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const refusal = refusalOf(request);
    if (refusal) {
      answer(response, refusal);
      return;
    }
    text().then(
      (body) => answer(response, { status: 200, body, headers: { "content-type": prometheusContentType } }),
      (error: unknown) => {
        log.error("metrics could not be collected", error);
        answer(response, { status: 500, body: "The metrics could not be collected; the supervisor's log says why\n" });
      },
    );
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, resolve);
  });
  server.on("error", (error) => log.error("the metrics port failed to accept a connection", error));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(response: ServerResponse, { status, body, headers = { "content-type": "text/plain; charset=utf-8" } }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const loopbackName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Why a request is not answered with metrics; undefined when it is. */
function refusalOf({ method, url = "/", headers }: IncomingMessage): Answer | undefined {
  const [, hostName = ""] = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(headers.host ?? "") ?? [];
  if (!loopbackName.test(hostName)) return { status: 403, body: "Only requests to a loopback address are answered\n" };
  if (headers.origin !== undefined) return { status: 403, body: "Requests of web pages are refused\n" };
  if (url.split("?", 1)[0] !== path) return { status: 404, body: `There is nothing here; the metrics are at ${path}\n` };
  if (method === "GET" || method === "HEAD") return undefined;
  return {
    status: 405,
    body: `The method ${method} is not allowed; use GET\n`,
    headers: { allow: "GET, HEAD", "content-type": "text/plain; charset=utf-8" },
  };
}
