/** Who may ask what of the control port: every way to be nobody, or somebody else, on every surface. */
import { createConnection } from "node:net";
import { type InferenceService, inferenceServiceKind } from "@modelyard/api";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type AccessLine,
  type Answered,
  type Asked,
  ask,
  type GuardedControl,
  guardedControl,
  guardKeys,
} from "../testing/guarded-control.ts";

let guarded: GuardedControl;

const bearer = (text: string): NonNullable<Asked["headers"]> => ({ authorization: `Bearer ${text}` });
const urlOf = (path: string): string => guarded.running.control.url + path;

const services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";
const json = { "content-type": "application/json" };
const tus = { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" };
const body = JSON.stringify({
  metadata: { name: "x" },
  spec: { predictor: { model: { modelFormat: { name: "onnx" }, storageUri: "file:///x" } } },
});

interface Surface {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Who is answered: any key; administrators of `default`; of any namespace; of every namespace. */
  readonly need: "any" | "admin" | "anyAdmin" | "system";
  /** What those are answered. */
  readonly status: number;
}

const surfaces: readonly Surface[] = [
  { method: "GET", path: `${services}/absent`, need: "admin", status: 404 },
  { method: "GET", path: services, need: "admin", status: 200 },
  { method: "GET", path: `${services}?watch=1&timeoutSeconds=1`, need: "admin", status: 200 },
  { method: "POST", path: services, headers: json, body: "{}", need: "admin", status: 422 },
  { method: "PUT", path: `${services}/absent`, headers: json, body, need: "admin", status: 400 },
  {
    method: "PATCH",
    path: `${services}/absent/status`,
    headers: { "content-type": "application/merge-patch+json" },
    body: "{}",
    need: "admin",
    status: 404,
  },
  { method: "DELETE", path: `${services}/absent`, need: "admin", status: 404 },
  { method: "GET", path: "/api/v1/namespaces/default/secrets", need: "admin", status: 200 },
  { method: "GET", path: "/api/v1/namespaces/d%65fault/secrets", need: "admin", status: 200 },
  { method: "GET", path: "/api/v1/secrets", need: "system", status: 200 },
  { method: "GET", path: "/apis/serving.kserve.io/v1beta1/inferenceservices?watch=1&timeoutSeconds=1", need: "system", status: 200 },
  { method: "GET", path: "/api/v1/namespaces", need: "system", status: 200 },
  { method: "DELETE", path: "/api/v1/namespaces/absent", need: "system", status: 404 },
  { method: "GET", path: "/apis/serving.kserve.io/v1alpha1/clusterservingruntimes", need: "system", status: 200 },
  { method: "GET", path: "/api/v1/namespaces/modelyard-system/secrets", need: "system", status: 200 },
  { method: "GET", path: "/", need: "system", status: 200 },
  { method: "GET", path: "/version", need: "any", status: 200 },
  { method: "GET", path: "/apis", need: "any", status: 200 },
  { method: "GET", path: "/apis/serving.kserve.io/v1beta1", need: "any", status: 200 },
  { method: "GET", path: "/openapi/v3", need: "any", status: 200 },
  { method: "GET", path: "/nothing/here", need: "any", status: 404 },
  { method: "POST", path: "/uploads", headers: { ...tus, "upload-length": "4" }, need: "anyAdmin", status: 201 },
  { method: "PATCH", path: "/uploads/absent", headers: tus, body: "abcd", need: "anyAdmin", status: 404 },
  { method: "HEAD", path: "/uploads/absent", headers: tus, need: "anyAdmin", status: 404 },
  { method: "DELETE", path: "/uploads/absent", headers: tus, need: "anyAdmin", status: 404 },
  { method: "OPTIONS", path: "/uploads", need: "anyAdmin", status: 204 },
];

const nameOf = ({ method, path }: Surface): string => `${method} ${path}`;

function askAt({ method, path, headers = {}, body: sent }: Surface, more: Asked["headers"] = {}): Promise<Answered> {
  return ask(urlOf(path), { method, headers: { ...headers, ...more }, ...(sent === undefined ? {} : { body: sent }) });
}

/** What became of a refused request: what its client and what the access log were told. */
interface Refused {
  readonly surface: string;
  readonly status: number;
  readonly challenge: unknown;
  readonly told: unknown;
  readonly line: AccessLine | undefined;
}

/** Tries surfaces one after the other, and waits for the lines that the access log has of them. */
async function tryAll(tried: readonly Surface[], headers: Asked["headers"]): Promise<readonly Refused[]> {
  const before = guarded.lines().length;
  const answers: Answered[] = [];
  for (const surface of tried) answers.push(await askAt(surface, headers));
  await vi.waitFor(() => expect(guarded.lines().length).toBe(before + tried.length), { timeout: 5_000, interval: 10 });
  return tried.map((surface, index) => {
    const { status = 0, headers: fields = {}, body: text = "" } = answers[index] ?? {};
    const line = guarded.lines()[before + index];
    // The answer to HEAD has no body.
    const told: unknown = text === "" ? undefined : JSON.parse(text);
    return { surface: nameOf(surface), status, challenge: fields["www-authenticate"], told, line };
  });
}

function refusedAll(tried: readonly Surface[], by: { readonly status: 401 | 403; readonly line: object }): readonly object[] {
  const { status } = by;
  const reason = status === 401 ? "Unauthorized" : "Forbidden";
  return tried.map((surface) => {
    const { method, path } = surface;
    return {
      surface: nameOf(surface),
      status,
      challenge: status === 401 ? "Bearer" : undefined,
      told: method === "HEAD" ? undefined : expect.objectContaining({ kind: "Status", status: "Failure", code: status, reason }),
      line: expect.objectContaining({ face: "control", remote: "127.0.0.1", method, path: path.replace(/\?.*/, ""), status, ...by.line }),
    };
  });
}

const { infer, admin, foreign, system, systemInfer, expired } = guardKeys;
const wrong = admin.text.replace(/.$/, "x");
const unknown = admin.text.replace("adminkey1", "nobodyha1");

describe("a request to a control that requires authentication", () => {
  beforeAll(async () => {
    guarded = await guardedControl();
  });
  afterAll(() => guarded.close());

  test.each([
    ["no key", {}, "API_KEY_MISSING", { why: "no key" }],
    ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }, "API_KEY_MISSING", { why: "no key" }],
    ["a malformed key", bearer("hello"), "API_KEY_NOT_VALID", { why: "malformed key" }],
    ["an unknown key", bearer(unknown), "API_KEY_NOT_VALID", { why: "unknown key", keyId: "nobodyha1" }],
    ["a wrong key", bearer(wrong), "API_KEY_NOT_VALID", { why: "wrong key", keyId: "adminkey1" }],
    ["a wrong key in the other header", { "modelyard-api-key": wrong }, "API_KEY_NOT_VALID", { why: "wrong key", keyId: "adminkey1" }],
    ["an expired key", bearer(expired.text), "API_KEY_EXPIRED", { why: "expired key", keyId: "expiredk1" }],
  ] as const)("with %s is refused with 401 on every surface, and logged", async (_name, headers, reason, told) => {
    const line = { code: "UNAUTHENTICATED", reason, ...told };
    expect(await tryAll(surfaces, headers)).toEqual(refusedAll(surfaces, { status: 401, line }));
  });

  const needing = (...needs: readonly Surface["need"][]): readonly Surface[] => surfaces.filter(({ need }) => needs.includes(need));

  test.each([
    ["the key of another namespace", foreign, needing("admin", "system"), "NAMESPACE_NOT_ALLOWED", "key of another namespace"],
    ["the key of one namespace", admin, needing("system"), "NAMESPACE_NOT_ALLOWED", "key of another namespace"],
    ["a key that may only ask models", infer, needing("admin", "anyAdmin"), "ROLE_NOT_ALLOWED", "key of a lesser role"],
    [
      "a key of every namespace that may only ask models",
      systemInfer,
      needing("admin", "anyAdmin", "system"),
      "ROLE_NOT_ALLOWED",
      "key of a lesser role",
    ],
  ] as const)("with %s is refused with 403 wherever that does not do, and logged", async (_name, { text, key }, refused, reason, why) => {
    const line = { code: "PERMISSION_DENIED", reason, why, keyId: key.id, keyName: key.name };
    expect(await tryAll(refused, bearer(text))).toEqual(refusedAll(refused, { status: 403, line }));
  });

  test.each([
    ["any key", infer.text, needing("any")],
    ["a foreign key", foreign.text, needing("any", "anyAdmin")],
    ["an administrator of a namespace", admin.text, needing("any", "admin", "anyAdmin")],
    ["an administrator of every namespace", system.text, surfaces],
  ] as const)("of %s is answered where it may be", async (_name, text, allowed) => {
    const answers = await Promise.all(allowed.map((surface) => askAt(surface, bearer(text))));
    expect(answers.map(({ status }, index) => [allowed[index]?.path, status])).toEqual(allowed.map(({ path, status }) => [path, status]));
  });

  test.each(["/livez", "/readyz", "/healthz"])("%s is open", async (path) => {
    expect((await ask(urlOf(path))).status).toBe(200);
  });

  test("may name any host, as behind a proxy", async () => {
    expect(
      (await ask(urlOf("/version"), { headers: { ...bearer(infer.text), host: "models.example", origin: "https://models.example" } }))
        .status,
    ).toBe(200);
  });
});

describe("what is sent with a refused request", () => {
  beforeAll(async () => {
    guarded = await guardedControl();
  });
  afterAll(() => guarded.close());

  test("is not read without bound", async () => {
    const { port } = new URL(guarded.running.control.url);
    const socket = createConnection(Number(port), "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => {});
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.write(
      "PATCH /uploads/x HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: 1000000000\r\n\r\n",
    );
    const piece = Buffer.alloc(64 * 1024);
    const send = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", send);
    send();
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(socket.bytesWritten).toBeLessThan(50_000_000);
  });

  test("leaves the connection to the next request when it is short", async () => {
    const { port } = new URL(guarded.running.control.url);
    const socket = createConnection(Number(port), "127.0.0.1");
    let answers = "";
    socket.on("data", (chunk: Buffer) => (answers += chunk.toString()));
    socket.write(`POST ${services} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n`);
    await vi.waitFor(() => expect(answers).toContain(" 401 "));
    socket.write(`"ab"GET /version HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${infer.text}\r\n\r\n`);
    await vi.waitFor(() => expect(answers).toContain(" 200 "));
    socket.destroy();
  });
});

describe("a request that runs while its key ends", () => {
  beforeEach(async () => {
    guarded = await guardedControl();
  });
  afterEach(() => guarded.close());

  const service: InferenceService = {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "one", namespace: "default" },
    spec: { predictor: { model: { modelFormat: { name: "none" }, storageUri: "file:///m" } } },
  };

  const endings: readonly (readonly [string, () => void])[] = [
    ["is deleted", () => guarded.keys.set([guardKeys.system])],
    ["is replaced by one with the same id", () => guarded.keys.set([{ ...admin, key: { ...admin.key, digest: new Uint8Array(32) } }])],
    ["expires", () => guarded.keys.set([{ ...admin, key: { ...admin.key, expiresAtMs: 1 } }])],
    ["loses its role", () => guarded.keys.set([{ ...admin, key: { ...admin.key, role: "infer" } }])],
  ];

  test.each(endings)("a watch ends when it %s, and the log says why", async (_name, end) => {
    await guarded.running.local.create(inferenceServiceKind, service);
    const watch = await fetch(urlOf(`${services}?watch=1`), { headers: { authorization: `Bearer ${admin.text}` } });
    end();
    expect([watch.status, await watch.text()]).toEqual([200, expect.stringContaining('"ADDED"')]);
    await vi.waitFor(() =>
      expect(guarded.lines()).toMatchObject([
        { code: "UNAUTHENTICATED", reason: "API_KEY_NOT_VALID", why: "key ended while the request ran", keyId: "adminkey1" },
      ]),
    );
  });

  test("a piece of an upload is taken no further", async () => {
    const created = await ask(urlOf("/uploads"), { method: "POST", headers: { ...bearer(admin.text), ...tus, "upload-length": "1000" } });
    const { port } = new URL(guarded.running.control.url);
    const socket = createConnection(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const fields = Object.entries({ host: "x", ...tus, authorization: `Bearer ${admin.text}`, "content-length": "1000" });
    socket.write(`PATCH ${created.headers.location} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\nabc`);
    const upload = guarded.running.artifacts.uploads;
    await vi.waitFor(async () => expect((await upload.get(created.headers.location?.split("/").at(-1) ?? "")).offsetBytes).toBe(3));
    guarded.keys.set([]);
    await closed;
    await vi.waitFor(() => expect(guarded.lines()).toMatchObject([{ method: "PATCH", why: "key ended while the request ran" }]));
  });

  test("a watch whose key stays goes on", async () => {
    const watch = ask(urlOf(`${services}?watch=1&timeoutSeconds=2`), { headers: bearer(admin.text) });
    guarded.keys.set([admin, infer]);
    expect((await watch).status).toBe(200);
    expect(guarded.lines()).toEqual([]);
  });
});

describe("the access log of control", () => {
  afterEach(() => guarded.close());

  test("tells of every request at the level all, with who sent it", async () => {
    guarded = await guardedControl({ accessLog: "all" });
    await ask(urlOf(`${services}?limit=5`), { headers: { ...bearer(admin.text), "user-agent": "test/1", "x-request-id": "r-1" } });
    await vi.waitFor(() => expect(guarded.lines()).toHaveLength(1));
    expect(guarded.lines()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        remote: "127.0.0.1",
        protocol: "http/1.1",
        face: "control",
        method: "GET",
        path: services,
        namespace: "default",
        status: 200,
        code: "OK",
        durationMs: expect.any(Number),
        bytesIn: expect.any(Number),
        bytesOut: expect.any(Number),
        requestId: "r-1",
        userAgent: "test/1",
        keyId: "adminkey1",
        keyName: "key adminkey1",
      },
    ]);
    expect(Number(guarded.lines()[0]?.["bytesOut"])).toBeGreaterThan(100);
  });

  test("tells of failures at the level errors, and never holds a key", async () => {
    guarded = await guardedControl({ accessLog: "errors" });
    await ask(urlOf(services), { headers: bearer(admin.text) });
    await ask(urlOf(`${services}/absent`), { headers: bearer(admin.text) });
    await ask(urlOf(services), { headers: bearer(wrong) });
    await vi.waitFor(() => expect(guarded.lines()).toHaveLength(2));
    expect(guarded.lines()).toMatchObject([{ code: "NOT_FOUND", reason: "RESOURCE_NOT_FOUND" }, { code: "UNAUTHENTICATED" }]);
    expect(JSON.stringify(guarded.lines())).not.toContain("myk_");
  });
});
