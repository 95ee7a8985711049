/** The servers that the cases of HTTP/1.1 are sent to. Each says in the field `x-served` how it read a request: method, target, bytes of body. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import { startServer } from "./echo-server.ts";
import type { Http1ServerName } from "./http1-cases.ts";
import type { TcpAddress } from "./http1-outcome.ts";

/** A server that runs. */
export interface Http1Target extends AsyncDisposable {
  readonly address: TcpAddress;
}

const run = promisify(execFile);
const nginxScript = join(import.meta.dirname, "../../../../tools/parts/nginx.sh");

/**
 * nginx as it is used most, in front of another server: it reads the body whole, and what it passes on is what it understood. The server behind
 * is nginx too.
 */
const nginxConfiguration = `
  server {
    listen 127.0.0.1:@PORT@;
    location / { proxy_pass http://unix:@DIR@/behind.sock; proxy_pass_request_headers off; proxy_buffer_size 16k; proxy_buffers 4 16k; }
  }
  map $content_length $body_bytes { default $content_length; "" 0; }
  server {
    listen unix:@DIR@/behind.sock;
    location / { add_header x-served "$request_method $request_uri $body_bytes"; return 200; }
  }
`;

/** Starts a server. Fails when it is not installed. */
export function startHttp1Target(server: Http1ServerName): Promise<Http1Target> {
  if (server === "nginx") return startNginx();
  return server === "nodeHttp" ? startNodeHttp() : startOwn();
}

/** Whether nginx is installed. */
export function hasNginx(): Promise<boolean> {
  return run("sh", ["-c", "command -v nginx && command -v perl"]).then(
    () => true,
    () => false,
  );
}

async function startOwn(): Promise<Http1Target> {
  const running = await startServer(served);
  return { address: { host: "127.0.0.1", port: running.port }, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

function served(exchange: Exchange): ReturnType<RequestHandler> {
  const { method, path } = exchange.head;
  return wholeBody(1024 * 1024, {
    onBody: (body) => exchange.respond({ head: responseHead(200, [["x-served", `${method} ${path} ${body.length}`]]) }),
    onTooLarge: () => exchange.respond({ head: responseHead(413) }),
  });
}

async function startNodeHttp(): Promise<Http1Target> {
  const server = createServer(servedByNode);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // A TCP listener's address is an object.
  return { address: { host: "127.0.0.1", port }, [Symbol.asyncDispose]: () => closeNodeHttp(server) };
}

function servedByNode(request: IncomingMessage, response: ServerResponse): void {
  let sizeBytes = 0;
  request.on("data", (chunk: Buffer) => void (sizeBytes += chunk.length));
  request.on("error", () => {});
  request.on("end", () => {
    response.setHeader("x-served", `${request.method} ${request.url} ${sizeBytes}`);
    response.end();
  });
}

function closeNodeHttp(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function startNginx(): Promise<Http1Target> {
  const folder = await mkdtemp(join(tmpdir(), "modelyard-nginx-"));
  const configuration = join(folder, "http.conf");
  await writeFile(configuration, nginxConfiguration);
  const { stdout } = await run(nginxScript, ["start", folder, configuration], { env: { ...process.env, PART_OWNER: String(process.pid) } });
  const port = Number(/ADDRESS=127\.0\.0\.1:(\d+)/.exec(stdout)?.[1] ?? 0);
  const stop = async (): Promise<void> => {
    await run(nginxScript, ["stop", folder]);
    await rm(folder, { recursive: true, force: true });
  };
  return { address: { host: "127.0.0.1", port }, [Symbol.asyncDispose]: stop };
}
