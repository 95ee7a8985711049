/** The API server as clients that are not ours see it: the official Kubernetes client, and bare HTTP. */
import { request as httpRequest } from "node:http";
import {
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";
import { type InferenceService, inferenceServiceKind, kinds } from "@modelyard/api";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type RunningControl, runControl } from "../testing/running-control.ts";

let running: RunningControl;
let config: KubeConfig;
let counter = 0;
let namespace = "";

beforeAll(async () => {
  running = await runControl({ limits: { maxWatches: 3 } });
  config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "modelyard", server: running.control.url, skipTLSVerify: true }],
    users: [{ name: "me" }],
    contexts: [{ name: "modelyard", cluster: "modelyard", user: "me" }],
    currentContext: "modelyard",
  });
});
afterAll(() => running.close());
beforeEach(() => {
  namespace = `api-${counter++}`;
});

const place = { group: "serving.kserve.io", version: "v1beta1", plural: "inferenceservices" };
const service = (name: string): InferenceService => ({
  apiVersion: "serving.kserve.io/v1beta1",
  kind: "InferenceService",
  metadata: { name, namespace },
  spec: { predictor: { model: { modelFormat: { name: "none" }, storageUri: "file:///m" } } },
});

describe("the official Kubernetes client", () => {
  test("creates, reads, lists, patches and deletes", async () => {
    const api = config.makeApiClient(CustomObjectsApi);
    const at = { ...place, namespace };
    await api.createNamespacedCustomObject({ ...at, body: service("one") });
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await api.patchNamespacedCustomObject({ ...at, name: "one", body: { metadata: { labels: { a: "b" } } } }, merge);
    const operations = [{ op: "replace", path: "/spec/predictor/model/storageUri", value: "file:///other" }];
    const json = setHeaderOptions("Content-Type", PatchStrategy.JsonPatch);
    await api.patchNamespacedCustomObject({ ...at, name: "one", body: operations }, json);
    expect(await api.getNamespacedCustomObject({ ...at, name: "one" })).toMatchObject({
      metadata: { labels: { a: "b" }, generation: 2 },
      spec: { predictor: { model: { storageUri: "file:///other" } } },
    });
    expect(await api.listNamespacedCustomObject(at)).toMatchObject({
      kind: "InferenceServiceList",
      items: [{ metadata: { name: "one" } }],
    });
    await api.deleteNamespacedCustomObject({ ...at, name: "one" });
    await expect(api.getNamespacedCustomObject({ ...at, name: "one" })).rejects.toMatchObject({ code: 404 });
  });

  test("applies on the server: once to create, again to change", async () => {
    const api = KubernetesObjectApi.makeApiClient(config);
    const apply = (body: InferenceService): Promise<unknown> =>
      api.patch(
        { ...body, metadata: { name: body.metadata.name, namespace } },
        undefined,
        undefined,
        "tests",
        true,
        PatchStrategy.ServerSideApply,
      );
    expect(await apply(service("one"))).toMatchObject({ metadata: { generation: 1 } });
    const changed = { ...service("one"), spec: { predictor: { minReplicas: 1 } } };
    expect(await apply(changed)).toMatchObject({ spec: { predictor: { minReplicas: 1, model: { storageUri: "file:///m" } } } });
  });

  test("watches", async () => {
    const seen: string[] = [];
    const watch = new Watch(config);
    const path = `/apis/serving.kserve.io/v1beta1/namespaces/${namespace}/inferenceservices`;
    const ended = vi.fn();
    const onEvent = (type: string, object: InferenceService): void =>
      void (type !== "MODIFIED" && seen.push(`${type} ${object.metadata.name}`));
    const running1 = await watch.watch(path, {}, onEvent, ended);
    await running.local.create(inferenceServiceKind, service("one"));
    await running.local.delete(inferenceServiceKind, { namespace, name: "one" });
    await vi.waitFor(() => expect(seen).toEqual(["ADDED one", "DELETED one"]));
    running1.abort();
    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
  });

  test("reads the version", async () => {
    expect(await config.makeApiClient(VersionApi).getCode()).toMatchObject({
      major: "1",
      gitVersion: expect.stringContaining("modelyard"),
    });
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly json: () => Record<string, unknown>;
}

/** A request with every header as given, `Host` too. */
function call(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      running.control.url + path,
      { method: options.method ?? "GET", headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            json: () => JSON.parse(body) as Record<string, unknown>,
          });
        });
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}

const services = (): string => `/apis/serving.kserve.io/v1beta1/namespaces/${namespace}/inferenceservices`;
const post = (body: unknown, query = ""): Promise<Answer> =>
  call(services() + query, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

describe("the API server", () => {
  test("keeps unknown fields and warns of them, or refuses them when asked to be strict", async () => {
    const misspelt = { ...service("one"), spec: { predictor: { model: { modelFormat: { name: "none" }, storageUrl: "file:///m" } } } };
    const warned = await post(misspelt);
    expect([warned.status, warned.headers["warning"]]).toEqual([201, '299 - "unknown field \\"spec.predictor.model.storageUrl\\""']);
    expect(warned.body).toContain("storageUrl");
    const refused = await post({ ...misspelt, metadata: { name: "two" } }, "?fieldValidation=Strict");
    expect([refused.status, refused.json()["message"]]).toEqual([400, expect.stringContaining("spec.predictor.model.storageUrl")]);
    expect((await post({ ...misspelt, metadata: { name: "two" } }, "?fieldValidation=Ignore")).headers["warning"]).toBeUndefined();
  });

  test("answers a refusal with a Status that carries field paths", async () => {
    const answer = await post({ ...service("Not_A_Name") });
    expect(answer.status).toBe(422);
    expect(answer.json()).toMatchObject({
      kind: "Status",
      status: "Failure",
      reason: "Invalid",
      code: 422,
      details: { causes: [{ reason: "FieldValueInvalid", field: "metadata.name" }] },
    });
  });

  test("refuses an object that is not where its path says", async () => {
    for (const wrong of [{ namespace: "elsewhere" }, { kind: "Model" }]) {
      const body = { ...service("one"), ...("kind" in wrong ? wrong : { metadata: { name: "one", ...wrong } }) };
      expect((await post(body)).json()).toMatchObject({ reason: "BadRequest", code: 400 });
    }
  });

  test.each([
    ["a body that is no JSON", { method: "POST", body: "{", headers: { "content-type": "application/json" } }, 400, "BadRequest"],
    ["a body of another type", { method: "POST", body: "x", headers: { "content-type": "text/plain" } }, 415, "UnsupportedMediaType"],
    [
      "a body over 3 MiB",
      { method: "POST", body: `"${"x".repeat(3 * 2 ** 20)}"`, headers: { "content-type": "application/json" } },
      413,
      "RequestEntityTooLarge",
    ],
    ["a method it has not", { method: "PATCH", body: "{}", headers: { "content-type": "application/json" } }, 405, "MethodNotAllowed"],
  ])("refuses %s", async (_what, request, status, reason) => {
    const answer = await call(services(), request);
    expect([answer.status, answer.json()["kind"], answer.json()["reason"]]).toEqual([status, "Status", reason]);
  });

  test("refuses a dry run instead of writing", async () => {
    expect((await post(service("one"), "?dryRun=All")).status).toBe(400);
    expect((await call(`${services()}/one`)).status).toBe(404);
  });

  test("says 404 in the same form for a path it does not serve", async () => {
    expect((await call("/apis/apps/v1/deployments")).json()).toMatchObject({ kind: "Status", reason: "NotFound", code: 404 });
  });

  test.each([
    [{ host: "evil.example" }, 403],
    [{ host: "evil.example:8043" }, 403],
    [{ origin: "http://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://127.0.0.1:1" }, 403],
    [{ host: "localhost" }, 200],
    [{ host: "[::1]:8043", origin: "http://[::1]:8043" }, 200],
  ])("lets no web page in: %j is %i", async (headers, status) => expect((await call("/api", { headers })).status).toBe(status));

  test("lists its kinds as clients discover them", async () => {
    const [core, serving] = await Promise.all([call("/api/v1"), call("/apis/serving.kserve.io/v1beta1")]);
    const names = (answer: Answer): unknown => (answer.json()["resources"] as { name: string }[]).map(({ name }) => name);
    expect([names(core), names(serving)]).toEqual([
      ["namespaces", "events", "secrets"],
      ["inferenceservices", "inferenceservices/status"],
    ]);
    expect((await call("/apis")).body).toContain('"preferredVersion":{"groupVersion":"serving.kserve.io/v1beta1"');
    const paths = (await call("/openapi/v3")).json()["paths"] as Record<string, { serverRelativeURL: string }>;
    for (const { serverRelativeURL } of Object.values(paths))
      expect((await call(serverRelativeURL)).body).toMatch(/fieldValidation.*"components":\{"schemas":\{"/);
    expect(Object.keys(paths)).toHaveLength(4);
  });

  test("answers as a table with the columns of the kind", async () => {
    await post(service("one"));
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const table = (await call(services(), { headers: { accept } })).json();
    const columns = (table["columnDefinitions"] as { name: string }[]).map(({ name }) => name);
    expect(columns).toEqual([
      "Name",
      "URL",
      "Ready",
      "ActiveModel",
      "TargetModel",
      "Transition",
      "Revision",
      "ModelName",
      "Runtime",
      "Reason",
      "Age",
    ]);
    expect(table["rows"]).toMatchObject([{ cells: expect.arrayContaining(["one", "0s"]), object: { kind: "PartialObjectMetadata" } }]);
    const one = await call(`${services()}/one?includeObject=None`, { headers: { accept } });
    expect(one.json()).toMatchObject({ kind: "Table", rows: [{ cells: expect.anything() }] });
  });

  test("ends a watch after its time with a bookmark, and marks the end of what was there", async () => {
    await post(service("one"));
    const query = "?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&sendInitialEvents=true";
    const lines = (await call(services() + query)).body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; object: InferenceService });
    expect(lines[0]).toMatchObject({ type: "ADDED", object: { metadata: { name: "one" } } });
    expect(lines[1]).toMatchObject({ type: "BOOKMARK", object: { metadata: { annotations: { "k8s.io/initial-events-end": "true" } } } });
    expect(lines.at(-1)?.type).toBe("BOOKMARK");
  });

  test("limits how many watches run at a time", async () => {
    const query = "?watch=1&timeoutSeconds=1";
    const answers = await Promise.all(Array.from({ length: 5 }, () => call(services() + query)));
    const countOf = (wanted: number): number => answers.filter(({ status }) => status === wanted).length;
    expect([countOf(200), countOf(429)]).toEqual([3, 2]);
    expect((await call(services() + query)).status).toBe(200);
  });

  test("deletes a collection by its selector, and lets dependents go when asked to", async () => {
    await post({ ...service("one"), metadata: { name: "one", labels: { gone: "yes" } } });
    await post(service("two"));
    await call(`${services()}?labelSelector=gone%3Dyes`, { method: "DELETE" });
    expect((await running.local.list(inferenceServiceKind, { namespace })).items.map((one) => one.metadata.name)).toEqual(["two"]);
    const two = await running.local.get(inferenceServiceKind, { namespace, name: "two" });
    const owner = { apiVersion: two.apiVersion, kind: two.kind, name: "two", uid: String(two.metadata.uid) };
    await post({ ...service("three"), metadata: { name: "three", ownerReferences: [owner] } });
    await call(`${services()}/two?propagationPolicy=Orphan`, { method: "DELETE" });
    expect((await running.local.get(inferenceServiceKind, { namespace, name: "three" })).metadata.ownerReferences).toEqual([]);
  });

  test("creates the namespace of the first object in it, and keeps the default one", async () => {
    await post(service("one"));
    expect((await call(`/api/v1/namespaces/${namespace}`)).json()).toMatchObject({ status: { phase: "Active" } });
    expect((await call("/api/v1/namespaces/default", { method: "DELETE" })).status).toBe(403);
    expect((await post({ ...service("Bad_Name") }, "")).status).toBe(422);
  });

  test("deletes with a namespace what is in it, so that one made again at once begins empty", async () => {
    await post(service("one"));
    expect((await call(`/api/v1/namespaces/${namespace}`, { method: "DELETE" })).status).toBe(200);
    await post(service("two"));
    const { items } = (await call(services())).json() as { items: readonly { metadata: { name: string } }[] };
    expect(items.map((one) => one.metadata.name)).toEqual(["two"]);
  });

  test("leaves no namespace behind when it refuses the object", async () => {
    await post(service("Bad_Name"));
    expect((await call(`/api/v1/namespaces/${namespace}`)).status).toBe(404);
  });

  test("says whether it lives and is ready", async () => {
    for (const path of ["/livez", "/healthz", "/readyz"]) expect((await call(path)).body).toBe("ok");
  });

  test("shows services and events on a page that runs nothing", async () => {
    await post({
      ...service("shown"),
      metadata: { name: "shown", annotations: { "modelyard.dev/model-name": "<script>alert(1)</script>" } },
    });
    await vi.waitFor(async () => expect((await call("/")).body).toContain("&lt;script&gt;"));
    const { headers, body } = await call("/");
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(body).not.toContain("<script");
    expect(body).toContain("No ServingRuntime supports");
  });

  test("serves every kind under its path", async () => {
    for (const kind of kinds) {
      const root = kind.group === "" ? "/api/v1" : `/apis/${kind.group}/${kind.version}`;
      expect((await call(`${root}/${kind.plural}`)).json()).toMatchObject({ kind: `${kind.kind}List` });
    }
  });
});
