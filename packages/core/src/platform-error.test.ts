import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { entryOf, reasons } from "./catalogue/index.ts";
import { codeOfGrpcStatus, exitStatusOf, grpcStatusOf, httpStatusOf, kubernetesReasonOf } from "./code.ts";
import { describeError } from "./log.ts";
import { failure, failureFromPublic, PlatformError } from "./platform-error.ts";

describe("the catalogue", () => {
  test.each(reasons)("%s is stable, active and complete", (reason) => {
    const { template, hint } = entryOf(reason);
    expect(reason).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(template).not.toMatch(/\.$/);
    expect(hint).not.toMatch(/\.$/);
    expect(hint).not.toBe("");
    expect(`${template} ${hint}`).not.toMatch(/\b(can't|won't|don't|isn't|doesn't|couldn't|it's)\b/i);
  });

  test("no two areas give the same reason", async () => {
    const folder = join(import.meta.dirname, "catalogue");
    const areas = readdirSync(folder).filter((name) => !["entry.ts", "index.ts"].includes(name));
    const modules = await Promise.all(areas.map((name) => import(join(folder, name)) as Promise<Readonly<Record<string, object>>>));
    const all = modules.flatMap((module) => Object.values(module)).flatMap((rows) => Object.keys(rows));
    expect(all.toSorted()).toEqual([...reasons].toSorted());
  });

  test("every code maps to one gRPC number and back", () => {
    for (const reason of reasons) {
      const { code } = entryOf(reason);
      expect(codeOfGrpcStatus(grpcStatusOf(code))).toBe(code);
      expect(httpStatusOf(code)).toBeGreaterThanOrEqual(400);
      expect(kubernetesReasonOf(code)).not.toBe("");
    }
  });

  test("exit statuses follow the command line's contract", () => {
    expect([exitStatusOf("INVALID_ARGUMENT"), exitStatusOf("NOT_FOUND"), exitStatusOf("UNAVAILABLE")]).toEqual([2, 3, 4]);
    expect([exitStatusOf("DEADLINE_EXCEEDED"), exitStatusOf("CANCELLED"), exitStatusOf("INTERNAL")]).toEqual([5, 130, 1]);
  });

  test("a status that gRPC does not name is UNKNOWN", () => {
    expect(codeOfGrpcStatus(99)).toBe("UNKNOWN");
  });
});

describe("PlatformError", () => {
  test("fills its message from the details and carries code and retryability", () => {
    const error = failure("DEADLINE_EXCEEDED", { what: "Loading the model", limitMs: 50 });
    expect(error.message).toBe("Loading the model did not finish within 50 ms");
    expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", retryable: true, reason: "DEADLINE_EXCEEDED" });
  });

  test("a detail that holds a placeholder is not expanded again", () => {
    expect(failure("NOT_FOUND", { what: "{what}" }).message).toBe("{what} was not found");
  });

  test("from() hides what an unexpected failure says, and keeps it as the cause", () => {
    const secret = new Error("password=hunter2");
    const error = PlatformError.from(secret);
    expect(JSON.stringify(error.toPublic())).not.toContain("hunter2");
    expect(error.cause).toBe(secret);
    expect(error.code).toBe("INTERNAL");
  });

  test("from() gives back an error of ours unchanged", () => {
    const error = failure("NOT_FOUND", { what: "It" });
    expect(PlatformError.from(error)).toBe(error);
  });

  test("internal facts reach the log and never the client", () => {
    const error = failure("INTERNAL", {}, { internal: { path: "/secret" }, cause: new Error("deep") });
    expect(JSON.stringify(error.toPublic())).not.toContain("secret");
    expect(describeError(error)).toMatchObject({ internal: { path: "/secret" }, cause: { message: "deep" } });
  });

  test("failureFromPublic() rebuilds a recorded failure; an unknown reason becomes INTERNAL", () => {
    const error = failure("NOT_FOUND", { what: "It" });
    expect(failureFromPublic(error.toPublic())).toMatchObject({ reason: "NOT_FOUND", message: error.message });
    expect(failureFromPublic({ reason: "FROM_THE_FUTURE" }).reason).toBe("INTERNAL");
  });
});
