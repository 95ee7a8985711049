/** The client against servers that misbehave; what it does against ours is in the contract suite of `control`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventKind, fieldProblemsOf, inferenceServiceKind } from "@modelyard/api";
import { PlatformError, seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ResourceClient } from "../contract.ts";
import { httpResourceClient } from "./http-resource-client.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let clock: FakeClock;
let client: ResourceClient;
let handler: Handler;
const asked: string[] = [];

beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(`${String(request.method)} ${String(request.url)}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clock = fakeClock();
  client = httpResourceClient({ url: address(), clock, random: seededRandom(1) });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function address(): string {
  // It listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const added = (name: string, resourceVersion: string): string =>
  `${JSON.stringify({ type: "ADDED", object: { metadata: { name, resourceVersion } } })}\n`;
const refusal = (code: number, reason: string, details: object = {}): object => ({
  kind: "Status",
  status: "Failure",
  code,
  reason,
  message: "as it says",
  details,
});

async function failureOf(work: Promise<unknown>): Promise<PlatformError> {
  try {
    await work;
  } catch (error) {
    if (PlatformError.is(error)) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

/** Moves time along until the work ends, so that back-off takes no time. */
async function hurried<T>(work: Promise<T>): Promise<T> {
  const end = { reached: false };
  const noted = work.finally(() => {
    end.reached = true;
  });
  noted.catch(() => {});
  while (!end.reached) {
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return noted;
}

describe("a request", () => {
  test.each([
    [404, refusal(404, "NotFound", { name: "x" }), "RESOURCE_NOT_FOUND"],
    [409, refusal(409, "AlreadyExists"), "RESOURCE_EXISTS"],
    [409, refusal(409, "Conflict"), "RESOURCE_CONFLICT"],
    [410, refusal(410, "Expired"), "RESOURCE_EXPIRED"],
    [410, refusal(410, "Gone"), "RESOURCE_EXPIRED"],
    [403, refusal(403, "Forbidden", { name: "x" }), "RESOURCE_FORBIDDEN"],
    [403, refusal(403, "Forbidden"), "API_FORBIDDEN"],
    [401, refusal(401, "Unauthorized"), "API_UNAUTHENTICATED"],
    [401, "no", "API_UNAUTHENTICATED"],
    [503, refusal(503, "ServiceUnavailable"), "API_UNREACHABLE"],
    [429, refusal(429, "TooManyRequests"), "API_UNREACHABLE"],
    [502, "<html>", "API_UNREACHABLE"],
    [500, "<html>", "API_REFUSED"],
    [404, "no such page", "API_REFUSED"],
    [200, { no: "object" }, "API_REFUSED"],
  ])("answered with %i %j fails with %s", async (status, body, reason) => {
    handler = (_request, response) => json(response, status, body);
    expect((await failureOf(client.get(eventKind, { name: "x" }))).reason).toBe(reason);
  });

  test("carries the field paths of a refusal", async () => {
    const causes = [{ reason: "FieldValueRequired", message: "Required value", field: "spec.predictor" }];
    handler = (_request, response) => json(response, 422, refusal(422, "Invalid", { causes }));
    expect(fieldProblemsOf(await failureOf(client.get(eventKind, { name: "x" })))).toEqual(causes);
  });

  test("says why a server was not reached, with a code that has its own exit status", async () => {
    const { url } = { url: address() };
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(httpResourceClient({ url, clock, random: seededRandom(1) }).list(eventKind));
    expect([error.reason, error.code, error.message]).toEqual(["API_UNREACHABLE", "UNAVAILABLE", expect.stringContaining("ECONNREFUSED")]);
    server = createServer().listen(0, "127.0.0.1");
  });

  test("ends after its time", async () => {
    handler = () => {};
    const work = failureOf(client.get(eventKind, { name: "x" }));
    expect((await hurried(work)).message).toContain("no answer within 30000 ms");
  });

  test("goes to the path of its kind", async () => {
    handler = (_request, response) => json(response, 200, { metadata: { name: "x", resourceVersion: "1" } });
    await client.get(inferenceServiceKind, { namespace: "team a", name: "x/y" });
    expect(asked).toEqual(["GET /apis/serving.kserve.io/v1beta1/namespaces/team%20a/inferenceservices/x%2Fy"]);
  });

  test("puts back the type that items of a real server's list lack", async () => {
    handler = (_request, response) =>
      json(response, 200, { metadata: { resourceVersion: "7" }, items: [{ metadata: { name: "x", resourceVersion: "1" } }] });
    expect((await client.list(eventKind)).items).toMatchObject([{ apiVersion: "v1", kind: "Event" }]);
  });
});

describe("a watch", () => {
  const names = async (count: number): Promise<string[]> => {
    const seen: string[] = [];
    for await (const { object } of client.watch(eventKind, { resourceVersion: "1" })) {
      seen.push(object.metadata.name);
      if (seen.length === count) break;
    }
    return seen;
  };

  test("goes on from the last version when its connection ends or breaks, even amid an event", async () => {
    const bodies = [added("a", "2"), `${added("b", "3")}{"type":"AD`, added("c", "4")];
    handler = (_request, response) => {
      const body = bodies.shift() ?? "";
      response.writeHead(200);
      response.write(body);
      if (bodies.length === 1) setImmediate(() => response.destroy());
      else response.end();
    };
    expect(await hurried(names(3))).toEqual(["a", "b", "c"]);
    expect(asked.map((line) => /resourceVersion=(\d+)/.exec(line)?.[1])).toEqual(["1", "2", "3"]);
  });

  test("takes the version of a bookmark", async () => {
    const bodies = [`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } })}\n`, added("a", "10")];
    handler = (_request, response) => response.writeHead(200).end(bodies.shift());
    await hurried(names(2));
    expect(asked.at(-1)).toContain("resourceVersion=9");
  });

  test.each(["an answer", "an event"])("ends with RESOURCE_EXPIRED when %s says so", async (form) => {
    const status = refusal(410, "Expired");
    handler = (_request, response) =>
      form === "an answer"
        ? json(response, 410, status)
        : void response.writeHead(200).end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    expect((await hurried(failureOf(names(1)))).reason).toBe("RESOURCE_EXPIRED");
    expect(asked).toHaveLength(1);
  });

  test("gives up after six failures in a row", async () => {
    handler = (_request, response) => json(response, 503, refusal(503, "ServiceUnavailable"));
    expect((await hurried(failureOf(names(1)))).reason).toBe("API_UNREACHABLE");
    expect(asked).toHaveLength(6);
  });

  test("ends quietly with its signal, also while it waits to connect again", async () => {
    const stop = new AbortController();
    handler = (_request, response) => {
      response.writeHead(200).end();
      stop.abort();
    };
    const seen: unknown[] = [];
    for await (const event of client.watch(eventKind, { resourceVersion: "1", signal: stop.signal })) seen.push(event);
    expect(seen).toEqual([]);
  });

  test("refuses an event that is none", async () => {
    handler = (_request, response) => response.writeHead(200).end('{"type":"NEWS"}\n');
    expect((await hurried(failureOf(names(1)))).message).toContain('the watch event type is "NEWS"');
  });
});
