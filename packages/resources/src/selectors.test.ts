import { describe, expect, test } from "vitest";
import { parseLabelSelector, parseSelection } from "./selectors.ts";

const object = (labels: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "one", namespace: "default", labels },
  involvedObject: { name: "digits" },
});

describe("parseLabelSelector", () => {
  test.each([
    ["", true],
    ["app=digits", true],
    ["app==digits,tier!=gold", true],
    ["app!=digits", false],
    ["tier!=gold", true],
    ["app in (digits, letters),!tier", true],
    ["app in (letters)", false],
    ["tier in (gold)", false],
    ["tier notin (gold)", true],
    ["app notin (digits)", false],
    ["app", true],
    ["tier", false],
    ["!app", false],
    ["example.com/part=a-b", true],
  ])("%s → %s", (selector, expected) => {
    expect(parseLabelSelector(selector)(object({ app: "digits", "example.com/part": "a-b" }))).toBe(expected);
  });

  test.each(["=x", "a=b=c", "a in b", "a in (b", "a/b/c=d", "a=-", "x".repeat(20_000)])("refuses %s", (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(/is not understood/);
  });
});

describe("parseSelection", () => {
  test("matches fields of metadata and of events", () => {
    const { matches, name } = parseSelection({ fieldSelector: "metadata.name=one,involvedObject.name=digits,metadata.namespace!=other" });
    expect([matches(object({})), name]).toEqual([true, "one"]);
    expect(parseSelection({ fieldSelector: "involvedObject.name=letters" }).matches(object({}))).toBe(false);
  });

  test("refuses fields that are not indexed", () =>
    expect(() => parseSelection({ fieldSelector: "spec.replicas=1" })).toThrow(/field selector/));
});
