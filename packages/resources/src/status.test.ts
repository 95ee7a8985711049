import { fieldProblemsOf, invalidObject } from "@modelyard/api";
import { failure } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { statusOfError } from "./status.ts";

describe("statusOfError", () => {
  test.each([
    [failure("RESOURCE_NOT_FOUND", { resource: "events", name: "x" }), 404, "NotFound"],
    [failure("RESOURCE_EXISTS", { resource: "events", name: "x" }), 409, "AlreadyExists"],
    [failure("RESOURCE_CONFLICT", { resource: "events", name: "x", why: "w" }), 409, "Conflict"],
    [failure("RESOURCE_EXPIRED", { resourceVersion: "1" }), 410, "Expired"],
    [invalidObject({ kind: "Event", name: "x" }, []), 422, "Invalid"],
    [failure("RESOURCE_METHOD_UNSUPPORTED", { method: "PATCH", path: "/" }), 405, "MethodNotAllowed"],
    [failure("STORE_UNAVAILABLE", { why: "w" }), 503, "ServiceUnavailable"],
    [failure("INTERNAL", {}, { internal: { secret: "s" }, cause: new Error("secret") }), 500, "InternalError"],
  ])("%s is %i %s, without anything internal", (error, code, reason) => {
    const status = statusOfError(error);
    expect(status).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: error.message });
    expect(JSON.stringify(status)).not.toContain("secret");
  });

  test("names the object and says when to come back", () => {
    const error = failure("STORE_UNAVAILABLE", { why: "w" }, { retryAfterMs: 1_500 });
    expect(statusOfError(error, { group: "g", plural: "things", name: "x" }).details).toEqual({
      name: "x",
      group: "g",
      kind: "things",
      retryAfterSeconds: 2,
    });
  });
});

test("an error over many fields names fifty of them and counts the rest", () => {
  const problems = Array.from({ length: 60 }, (_, index) => ({ field: `f${index}`, reason: "FieldValueInvalid" as const, message: "m" }));
  const error = invalidObject({ kind: "Event", name: "x" }, problems);
  expect([fieldProblemsOf(error).length, error.message.endsWith("and 10 more")]).toEqual([50, true]);
});
