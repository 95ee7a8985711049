/** Servers under pressure: one that speaks cleartext, and one with TLS that asks for a key; and what is needed to talk to them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent as HttpsAgent } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { testAuthority } from "@modelyard/wire/testing";
import { conformanceModels } from "../../conformance/models.ts";
import { call } from "../harness/load.ts";
import { type Server, startServer, until } from "../harness/server.ts";

/** The model that gives back what it is sent. */
export const echoModel = "echo";

/** A running server. */
export interface Target {
  readonly name: "cleartext" | "TLS";
  readonly server: Server;
  /** Of the data port. */
  readonly url: string;
  readonly port: number;
  /** What each request carries. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of the authority; undefined: cleartext. */
  readonly ca: string | undefined;
  /** A pool of connections that are kept. */
  agent(size: number): HttpAgent;
  /** A connection of which nothing is read until somebody asks. */
  socket(protocol: "http/1.1" | "h2"): Socket;
  http2(): ClientHttp2Session;
  /** The serving process as of now. */
  servingPid(): number;
}

/** Options of {@link startTarget}. */
export interface TargetOptions {
  readonly isSecure: boolean;
  /** ONNX files by model name; the echo model is there anyway. */
  readonly models?: Readonly<Record<string, string>>;
}

/** Starts `modelyard up` and deploys. */
export async function startTarget(folder: string, { isSecure, models = {} }: TargetOptions): Promise<Target> {
  mkdirSync(folder, { recursive: true });
  const authority = testAuthority();
  const tls = isSecure
    ? tlsArguments(folder, authority.issue({ commonName: "localhost", dnsNames: ["localhost"], addresses: ["127.0.0.1"] }))
    : [];
  const dataDir = join(folder, "data");
  const server = await startServer(dataDir, { args: ["--metrics-port", "0", ...tls] });
  const key = isSecure ? readFileSync(join(dataDir, "admin.key"), "utf8").trim() : undefined;
  const ca = isSecure ? authority.certificate : undefined;
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const target = targetOf(server, { ca, headers });
  const echo = join(folder, `${echoModel}.onnx`);
  writeFileSync(echo, conformanceModels().find(({ name }) => name === "identity_fp32")?.bytes ?? Buffer.alloc(0));
  for (const [name, file] of Object.entries({ [echoModel]: echo, ...models })) await deploy(target, { name, file });
  return target;
}

function tlsArguments(folder: string, { certificate, key }: { readonly certificate: string; readonly key: string }): readonly string[] {
  const [certFile, keyFile] = [join(folder, "server.pem"), join(folder, "server.key")];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return ["--tls-cert", certFile, "--tls-key", keyFile, "--authentication", "required"];
}

function targetOf(server: Server, { ca, headers }: Pick<Target, "ca" | "headers">): Target {
  const { data: url, dataDir } = server.ready;
  const port = Number(new URL(url).port);
  const host = "127.0.0.1";
  return {
    name: ca === undefined ? "cleartext" : "TLS",
    server,
    url,
    port,
    headers,
    ca,
    agent: (size) =>
      ca === undefined ? new HttpAgent({ keepAlive: true, maxSockets: size }) : new HttpsAgent({ keepAlive: true, maxSockets: size, ca }),
    socket(protocol) {
      const socket =
        ca === undefined
          ? connectPlain({ port, host })
          : connectTls({ port, host, ca, servername: "localhost", ALPNProtocols: [protocol] });
      // What happens to it is what is measured.
      return socket.on("error", () => {});
    },
    http2() {
      const session = connectHttp2(url, {
        ...(ca !== undefined && { ca, servername: "localhost" }),
        settings: { initialWindowSize: 65_535 },
      });
      return session.on("error", () => {});
    },
    servingPid() {
      const { children } = JSON.parse(readFileSync(join(dataDir, "lock"), "utf8")) as {
        readonly children: readonly { readonly role: string; readonly pid: number }[];
      };
      return children.find(({ role }) => role === "serving")?.pid ?? 0;
    },
  };
}

const services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";

interface Deployed {
  readonly name: string;
  readonly file: string;
}

async function deploy(target: Target, { name, file }: Deployed): Promise<void> {
  const { server, headers, url } = target;
  const model = { modelFormat: { name: "onnx" }, storageUri: `file://${file}` };
  const body = JSON.stringify({
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name, namespace: "default" },
    spec: { predictor: { model } },
  });
  const pool = target.agent(1);
  const sent = await call(pool, { url: `${server.ready.control}${services}`, method: "POST", headers, body, limitMs: 20_000 });
  if (sent.kind !== "answer" || sent.status !== 201) throw new Error(`the service ${name} was not created: ${JSON.stringify(sent)}`);
  await until(
    async () => {
      const ready = await call(pool, { url: `${url}/v2/models/${name}/ready`, method: "GET", headers, body: "", limitMs: 20_000 });
      if (ready.kind !== "answer" || ready.status !== 200) throw new Error(`the model ${name} is not ready: ${JSON.stringify(ready)}`);
    },
    { limitMs: 60_000 },
  );
  pool.destroy();
}
