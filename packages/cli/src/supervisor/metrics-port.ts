/**
 * The metrics port: `GET /metrics` in Prometheus' text format. Without authentication it is for scrapers of this machine: it answers no web page, since
 * a foreign `Origin` gives one away, and a foreign name in `Host` one that points its own name at loopback. With it, whoever is granted is answered.
 *
 * Invariants: at most one collection is under way, and scrapes that come meanwhile share it; nothing is said to whom is not known, not even what exists.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type Clock, httpStatusOf, type Log, type PublicError, prometheusContentType, prometheusText, type Sample } from "@modelyard/core";
import { metricHelp } from "./metric-help.ts";
import { portFailure } from "./port-failure.ts";
import { clientRefusal, followPortTls, type PortTlsFiles, portTlsOptions, verifiedSubject } from "./port-tls.ts";
import { portUrl } from "./port-url.ts";
import { type Scrape, type ScrapeVerdict, scrapeFields } from "./scrape.ts";

/** Where the metrics port is, and who may read it. */
export interface MetricsAccess {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Whether any free port will do when that one is busy. Default false. */
  readonly mayDiffer?: boolean;
  /** Default: cleartext. */
  readonly tls?: PortTlsFiles | undefined;
  /**
   * Judges each scrape, and is told of each client that TLS refuses; undefined: nobody could judge, the scraper shall try again. Default: whoever is on
   * this machine is answered.
   */
  readonly authorize?: ((scrape: Scrape) => Promise<ScrapeVerdict | undefined>) | undefined;
}

/** Options of {@link openMetricsPort}. */
export interface MetricsPortOptions extends MetricsAccess {
  /** What to answer a scrape with; must end by itself. */
  readonly collect: () => Promise<readonly Sample[]>;
  /** What the port is chosen by, for messages. Default `--metrics-port`. */
  readonly flag?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** An open port. */
export interface MetricsPort {
  /** Of the metrics themselves. */
  readonly url: string;
  /** Closes it and its connections. Idempotent. */
  close(): void;
}

const path = "/metrics";
const maxConnections = 64;
const requestTimeout = 10_000;

/** Opens the port. Rejects with `PORT_BUSY`, `ADDRESS_UNUSABLE` or `TLS_CONFIG_INVALID`. */
export async function openMetricsPort(options: MetricsPortOptions): Promise<MetricsPort> {
  const { address, tls, clock, log } = options;
  const handler = answerer(options);
  const server = tls ? createSecureServer({ ...portTlsOptions(tls), requestTimeout }, handler) : createServer({ requestTimeout }, handler);
  server.maxConnections = maxConnections;
  const sockets = openSocketsOf(server);
  const port = await listen(server, options);
  server.on("error", (error) => log.error("the metrics port failed to accept a connection", error));
  const unfollow = tls && "setSecureContext" in server ? secure(server, { ...options, tls, clock, log }) : undefined;
  return {
    url: `${portUrl({ address, port, isSecure: tls !== undefined })}${path}`,
    close() {
      unfollow?.();
      server.close();
      // Those in their handshake, too.
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function listen(server: Server, options: MetricsPortOptions): Promise<number> {
  const { address, port, mayDiffer = false, flag = "--metrics-port", log } = options;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const wanted = portFailure(error, { role: "metrics", flag, address, port });
    if (!mayDiffer || wanted.reason !== "PORT_BUSY") throw wanted;
    log.info("the usual metrics port is in use: a free one is taken", { port });
    return listen(server, { ...options, port: 0, mayDiffer: false });
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

function openSocketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

type SecureServer = ReturnType<typeof createSecureServer>;

/** Refuses clients for their certificate, and follows the files; returns what ends that. */
function secure(server: SecureServer, { tls, authorize, clock, log }: MetricsPortOptions & { readonly tls: PortTlsFiles }): () => void {
  server.on("secureConnection", (socket) => {
    const refusal = clientRefusal(socket, tls);
    if (!refusal) return;
    void authorize?.({ kind: "handshake", remote: socket.remoteAddress ?? "", ...refusal });
    socket.destroy();
  });
  return followPortTls(tls, { clock, log, onChange: (secrets) => server.setSecureContext(secrets) });
}

function answerer({ collect, authorize, log }: MetricsPortOptions): RequestListener {
  let collecting: Promise<string> | undefined;
  const text = (): Promise<string> => {
    collecting ??= collect()
      .then((samples) => prometheusText(samples, { help: metricHelp }))
      .finally(() => {
        collecting = undefined;
      });
    return collecting;
  };
  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    const refusal = authorize ? refusalBy(await authorize(scrapeOf(request))) : refusalOfForeigners(request);
    const wrong = refusal ?? refusalOfOthers(request);
    return wrong ?? { status: 200, body: await text(), headers: { "content-type": prometheusContentType } };
  };
  return (request, response) => {
    if (request.socket.destroyed) return;
    answerTo(request).then(
      (ready) => answer(response, ready),
      (error: unknown) => {
        log.error("metrics could not be collected", error);
        answer(response, { status: 500, body: "The metrics could not be collected; the log says why\n" });
      },
    );
  };
}

function scrapeOf({ socket, method = "", url: target = "", headers }: IncomingMessage): Scrape {
  const fields: Record<string, string> = {};
  for (const name of scrapeFields) {
    const value = headers[name];
    if (typeof value === "string") fields[name] = value;
  }
  const certificate = socket instanceof TLSSocket ? verifiedSubject(socket) : undefined;
  return { kind: "request", remote: socket.remoteAddress ?? "", method, target, fields, ...(certificate !== undefined && { certificate }) };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const plain = { "content-type": "text/plain; charset=utf-8" };

function answer(response: ServerResponse, { status, body, headers = plain }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const loopbackName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

function refusalBy(verdict: ScrapeVerdict | undefined): Answer | undefined {
  if (verdict === undefined) return { status: 503, body: "The control process is away\n", headers: { ...plain, "retry-after": "1" } };
  return verdict.kind === "granted" ? undefined : refusedFor(verdict.error);
}

function refusedFor({ code, message, hint }: PublicError): Answer {
  const status = httpStatusOf(code);
  // RFC 9110 §15.5.2 wants the challenge.
  const challenge = status === 401 ? { "www-authenticate": "Bearer" } : {};
  return { status, body: `${message}\n${hint}\n`, headers: { ...plain, ...challenge, ...(status === 503 && { "retry-after": "1" }) } };
}

function refusalOfForeigners({ headers }: IncomingMessage): Answer | undefined {
  const [, hostName = ""] = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(headers.host ?? "") ?? [];
  if (!loopbackName.test(hostName)) return { status: 403, body: "Only requests to a loopback address are answered\n" };
  return headers.origin === undefined ? undefined : { status: 403, body: "Requests of web pages are refused\n" };
}

function refusalOfOthers({ method, url = "/" }: IncomingMessage): Answer | undefined {
  if (url.split("?", 1)[0] !== path) return { status: 404, body: `There is nothing here; the metrics are at ${path}\n` };
  if (method === "GET" || method === "HEAD") return undefined;
  return { status: 405, body: `The method ${method} is not allowed; use GET\n`, headers: { ...plain, allow: "GET, HEAD" } };
}
