import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDnsSubdomain } from "./names.ts";
import { isModelName, maxModelNameLength, objectNameFor } from "./object-name.ts";

const modelNames = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter(isModelName);

describe("objectNameFor", () => {
  test.each(["digits", "mnist-12", "resnet50.v2", "7b"])("leaves the object name %s as it is", (name) =>
    expect(objectNameFor(name)).toBe(name),
  );

  test("keeps what is readable of other names and adds a hash", () => {
    expect(objectNameFor("simple_string")).toMatch(/^simple-string-[0-9a-f]{10}$/);
    expect(objectNameFor("Résumé/v2")).toMatch(/^resume-v2-[0-9a-f]{10}$/);
    expect(objectNameFor("数字")).toMatch(/^model-[0-9a-f]{10}$/);
  });

  test("gives valid, stable and different names, which fit into a DNS label", () => {
    fc.assert(
      fc.property(modelNames, modelNames, (one, other) => {
        expect(isDnsSubdomain(objectNameFor(one))).toBe(true);
        expect(objectNameFor(one).length).toBeLessThanOrEqual(63);
        expect(objectNameFor(one)).toBe(objectNameFor(one));
        if (one !== other) expect(objectNameFor(one)).not.toBe(objectNameFor(other));
      }),
    );
  });

  test("takes a name of the longest length", () => expect(isDnsSubdomain(objectNameFor("Ä".repeat(maxModelNameLength)))).toBe(true));
});

describe("isModelName", () => {
  test.each(["", "a b", "a\n", "a\u0000", "x".repeat(256), "\ud800"])("refuses %j", (name) => expect(isModelName(name)).toBe(false));
  test.each(["simple_string", "a/b:c@d", "数字", "😀".repeat(255)])("takes %j", (name) => expect(isModelName(name)).toBe(true));
});
