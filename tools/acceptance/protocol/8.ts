/**
 * Tries without, with wrong, expired or foreign credentials on every port and protocol of a server that speaks TLS and asks who is there. Each must be
 * refused in the words for it, and each must be a line in the access log that says who tried and why it was refused; the right key opens each.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestAuthority, testAuthority } from "@modelyard/wire/testing";
import { startServer, until } from "../harness/server.ts";
import { ask, call, type TlsIdentity } from "../harness/tls-client.ts";
import type { Measurement, PointContext } from "../point.ts";
import { type Addresses, type Surface, surfaces } from "./8-surfaces.ts";

const wantedTries = 40;

export async function measure({ folder, say }: PointContext): Promise<Measurement> {
  const [own, foreign] = [testAuthority("Own CA"), testAuthority("Foreign CA")];
  const data = join(folder, "data");
  const server = await startServer(data, { args: [...tlsArguments(folder, own), "--authentication", "required"] });
  try {
    const identity: TlsIdentity = { ca: own.certificate };
    const addresses = { data: server.ready.data, control: server.ready.control, metrics: new URL(server.ready.metrics ?? "").origin };
    const keys = await makeKeys(addresses, identity, readFileSync(join(data, "admin.key"), "utf8").trim());
    say("keys are made");
    const tries = [...(await tryKeys(addresses, identity, keys)), ...(await tryCertificates(addresses, { own, foreign }))];
    say(`${tries.length} tries`);
    const control = await openAll(addresses, identity, keys.admin);
    await server.stop();
    return judged(tries, control, { lines: accessLines(data), secrets: Object.values(keys) });
  } finally {
    await server.stop();
  }
}

function tlsArguments(folder: string, own: TestAuthority): readonly string[] {
  const files = join(folder, "tls");
  mkdirSync(files, { recursive: true });
  const { certificate, key } = own.issue({ commonName: "localhost", dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
  const written = { "server.pem": certificate, "server.key": key, "clients.pem": own.certificate };
  for (const [name, text] of Object.entries(written)) writeFileSync(join(files, name), text, { mode: 0o600 });
  const [cert, secret, ca] = Object.keys(written).map((name) => join(files, name));
  return ["--tls-cert", cert ?? "", "--tls-key", secret ?? "", "--tls-client-ca", ca ?? "", "--client-certificates", "optional"];
}

/** Keys by what is wrong with them. */
interface Keys {
  readonly admin: string;
  readonly lesser: string;
  readonly foreign: string;
  readonly expired: string;
  readonly revoked: string;
}

const newKey = (): string => `myk_${randomBytes(6).toString("hex")}_${randomBytes(32).toString("base64url")}`;

/** Through the API, as any client would; waits until the data plane knows the last of them. */
async function makeKeys(addresses: Addresses, identity: TlsIdentity, admin: string): Promise<Keys> {
  const keys: Keys = { admin, lesser: newKey(), foreign: newKey(), expired: newKey(), revoked: newKey() };
  const api = (method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: string }> =>
    ask(`${addresses.control}${path}`, {
      ...identity,
      method,
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  const put = async (namespace: string, name: string, stringData: Readonly<Record<string, string>>): Promise<void> => {
    const secret = { apiVersion: "v1", kind: "Secret", type: "modelyard.dev/api-key", metadata: { name, namespace }, stringData };
    const { status, body } = await api("POST", `/api/v1/namespaces/${namespace}/secrets`, secret);
    if (status !== 201) throw new Error(`the key ${name} was not made: ${status} ${body}`);
  };
  await api("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } });
  await put("default", "revoked", { key: keys.revoked, role: "admin" });
  await put("default", "expired", { key: keys.expired, role: "admin", expires: "2020-01-01T00:00:00Z" });
  await put("team-a", "foreign", { key: keys.foreign, role: "admin" });
  await put("default", "lesser", { key: keys.lesser, role: "infer" });
  await api("DELETE", "/api/v1/namespaces/default/secrets/revoked");
  const statusWith = async (key: string): Promise<number> =>
    (await ask(`${addresses.data}/v2`, { ...identity, method: "GET", headers: { authorization: `Bearer ${key}` } })).status;
  await until(
    async () => {
      const [lesser, revoked] = [await statusWith(keys.lesser), await statusWith(keys.revoked)];
      if (lesser !== 200 || revoked !== 401) throw new Error(`the keys are not known yet: ${lesser}, ${revoked}`);
    },
    { limitMs: 20_000 },
  );
  return keys;
}

/** One try: what was sent, what had to come, what came. */
interface Try {
  readonly id: string;
  readonly title: string;
  readonly isRefused: boolean;
  readonly outcome: string;
  /** What its line of the access log must hold. */
  readonly wanted: { readonly why: RegExp; readonly keyId?: string };
}

interface Credential {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly why: RegExp;
  readonly keyId?: string;
  /** Whether who sends it is known, and only may not. */
  readonly isKnown?: boolean;
}

function credentialsOf({ admin, lesser, foreign, expired, revoked }: Keys): readonly Credential[] {
  const idOf = (key: string): string => key.split("_")[1] ?? "";
  const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` });
  const unknown = newKey();
  const wrong = `myk_${idOf(admin)}_${randomBytes(32).toString("base64url")}`;
  return [
    { name: "no credentials", headers: {}, why: /^no key$/ },
    { name: "another scheme", headers: { authorization: "Basic YWRtaW46YWRtaW4=" }, why: /^no key$/ },
    { name: "a malformed key", headers: bearer("myk_admin"), why: /^malformed key$/ },
    { name: "an unknown key", headers: bearer(unknown), why: /^unknown key$/, keyId: idOf(unknown) },
    { name: "a wrong secret", headers: { "modelyard-api-key": wrong }, why: /^wrong key$/, keyId: idOf(admin) },
    { name: "an expired key", headers: bearer(expired), why: /^expired key$/, keyId: idOf(expired) },
    { name: "a revoked key", headers: bearer(revoked), why: /^unknown key$/, keyId: idOf(revoked) },
    { name: "a key of another namespace", headers: bearer(foreign), why: /namespace/, keyId: idOf(foreign), isKnown: true },
    { name: "a key of a lesser role", headers: bearer(lesser), why: /role|namespace/, keyId: idOf(lesser), isKnown: true },
  ];
}

async function tryKeys(addresses: Addresses, identity: TlsIdentity, keys: Keys): Promise<readonly Try[]> {
  const tries: Try[] = [];
  for (const surface of surfaces) {
    for (const credential of credentialsOf(keys)) {
      if (surface.opensTo.includes(credential.name)) continue;
      const id = `try-${tries.length}`;
      const outcome = await send(surface, { addresses, identity, headers: { ...credential.headers, "x-request-id": id } });
      const wanted = credential.isKnown ? surface.forbidden : surface.unauthenticated;
      const { why, keyId } = credential;
      tries.push({
        id,
        title: `${surface.name} with ${credential.name}`,
        isRefused: outcome === wanted,
        outcome,
        wanted: { why, ...(keyId && { keyId }) },
      });
    }
  }
  return tries;
}

interface Sending {
  readonly addresses: Addresses;
  readonly identity: TlsIdentity;
  readonly headers: Readonly<Record<string, string>>;
}

/** The outcome as text: a status of HTTP, or a code of gRPC. */
async function send(surface: Surface, { addresses, identity, headers }: Sending): Promise<string> {
  const { ca, ...certificate } = identity;
  try {
    if (surface.kind === "grpc") {
      const outcome = await call(new URL(addresses.data).host, { ca, ...certificate, ...surface.call, metadata: headers });
      return `gRPC ${outcome.code}`;
    }
    const { method, path, body } = surface;
    const fields = { ...surface.headers, ...headers };
    const answer = await ask(`${addresses[surface.port]}${path}`, {
      ca,
      ...certificate,
      method,
      headers: fields,
      ...(body !== undefined && { body }),
    });
    return surface.outcomeOf?.(answer) ?? `HTTP ${answer.status}`;
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A certificate of another authority ends the handshake on each port. */
async function tryCertificates(
  addresses: Addresses,
  { own, foreign }: { readonly own: TestAuthority; readonly foreign: TestAuthority },
): Promise<readonly Try[]> {
  const shown = foreign.issue({ commonName: "stranger" });
  const expired = own.issue({ commonName: "late", validForMs: -60_000 });
  const tries: Try[] = [];
  for (const [name, one] of [["of another authority", shown] as const, ["that has expired", expired] as const]) {
    for (const [port, address] of Object.entries(addresses)) {
      const answer = ask(`${address}/`, { ca: own.certificate, ...one, method: "GET", headers: {} });
      const outcome = await answer.then(({ status }) => `HTTP ${status}`).catch(() => "closed");
      const wanted = { why: /certificate/i };
      tries.push({
        id: `tls ${name} ${port}`,
        title: `${port} port with a certificate ${name}`,
        isRefused: outcome === "closed",
        outcome,
        wanted,
      });
    }
  }
  return tries;
}

/** With the right key each surface gives what it has: the refusals are about the keys. */
async function openAll(addresses: Addresses, identity: TlsIdentity, admin: string): Promise<readonly string[]> {
  const closed: string[] = [];
  for (const surface of surfaces) {
    const outcome = await send(surface, { addresses, identity, headers: { authorization: `Bearer ${admin}` } });
    if (!surface.opened.includes(outcome)) closed.push(`${surface.name} with the right key: ${outcome}`);
  }
  return closed;
}

type Line = Readonly<Record<string, unknown>>;

function accessLines(dataDir: string): readonly Line[] {
  const logs = join(dataDir, "logs");
  const names = readdirSync(logs).filter((name) => name.startsWith("access-"));
  return names.flatMap((name) =>
    readFileSync(join(logs, name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line),
  );
}

function isToldBy(line: Line, { id, wanted }: Try): boolean {
  const { requestId, why, keyId, remote, protocol } = line;
  const isAbout = id.startsWith("tls ") ? protocol === "tls" : requestId === id;
  return isAbout && wanted.why.test(String(why)) && remote === "127.0.0.1" && keyId === wanted.keyId;
}

function judged(
  tries: readonly Try[],
  closed: readonly string[],
  { lines, secrets }: { readonly lines: readonly Line[]; readonly secrets: readonly string[] },
): Measurement {
  const open = tries.filter(({ isRefused }) => !isRefused);
  const handshakes = lines.filter(({ protocol }) => protocol === "tls").length;
  const wantedHandshakes = tries.filter(({ id }) => id.startsWith("tls ")).length;
  const untold = tries.filter((one) => !lines.some((line) => isToldBy(line, one)));
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  const leaked = secrets.filter((key) => text.includes(key)).length;
  const refused = tries.length - open.length;
  const measured = `${tries.length} tries on ${surfaces.length} surfaces and 3 ports: ${refused} refused as they must, ${tries.length - untold.length} told by the access log with who and why; ${handshakes} of ${wantedHandshakes} handshakes told; ${surfaces.length - closed.length} of ${surfaces.length} surfaces open to the right key; ${leaked} keys in the log`;
  return {
    measured,
    holds: tries.length >= wantedTries && open.length + untold.length + closed.length + leaked === 0 && handshakes >= wantedHandshakes,
    details: [
      ...open.map(({ title, outcome }) => `not refused as it must: ${title}: ${outcome}`),
      ...untold.map(({ title }) => `not told by the access log: ${title}`),
      ...closed,
    ],
  };
}
