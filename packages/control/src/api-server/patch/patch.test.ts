import { modelKind, namespaceKind } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { applyPatch, patchMediaTypeOf } from "./apply-patch.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";

describe("mergePatch (RFC 7396 appendix A)", () => {
  test.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "foo" }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("%j with %j is %j", (target, patch, expected) => expect(mergePatch(target, patch)).toEqual(expected));

  test("takes __proto__ as a name like every other", () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
    expect([Object.getPrototypeOf(merged), Object.hasOwn(merged as object, "__proto__")]).toEqual([Object.prototype, true]);
  });
});

describe("jsonPatch (RFC 6902 appendix A)", () => {
  test.each([
    [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
    [{ foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
    [{ baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
    [{ foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
    [{ baz: "qux", foo: "bar" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo", foo: "bar" }],
    [
      { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
    ],
    [{ foo: ["all", "grass", "cows", "eat"] }, [{ op: "move", from: "/foo/1", path: "/foo/3" }], { foo: ["all", "cows", "eat", "grass"] }],
    [{ baz: "qux", foo: ["a", 2, "c"] }, [{ op: "test", path: "/foo/1", value: 2 }], { baz: "qux", foo: ["a", 2, "c"] }],
    [{ foo: "bar" }, [{ op: "add", path: "/child", value: { grandchild: {} } }], { foo: "bar", child: { grandchild: {} } }],
    [{ "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
    [{ foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc", "def"] }], { foo: ["bar", ["abc", "def"]] }],
    [
      { a: [1] },
      [
        { op: "copy", from: "/a", path: "/b" },
        { op: "add", path: "/b/-", value: 2 },
      ],
      { a: [1], b: [1, 2] },
    ],
    [{ a: 1 }, [{ op: "replace", path: "", value: [] }], []],
  ])("%j with %j is %j", (document, operations, expected) => {
    const before = structuredClone(document);
    expect(jsonPatch(document, operations)).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each([
    [[{ op: "add", path: "/a/b", value: 1 }], "operation 0"],
    [[{ op: "test", path: "/baz", value: "bar" }], "its test does not hold"],
    [[{ op: "remove", path: "/nothing" }], "nothing at /nothing"],
    [[{ op: "replace", path: "/nothing", value: 1 }], "nothing at /nothing"],
    [[{ op: "add", path: "/list/3", value: 1 }], "no place /list/3"],
    [[{ op: "add", path: "/list/01", value: 1 }], "no place"],
    [[{ op: "move", from: "/list", path: "/list/0" }], "into itself"],
    [[{ op: "erase", path: "/baz" }], '"erase" is not known'],
    [[{ op: "add", path: "baz" }], "no JSON pointer"],
    ["text", "list of operations"],
  ])("refuses %j", (operations, why) => expect(() => jsonPatch({ baz: "qux", list: [1] }, operations)).toThrow(why));
});

describe("applyPatch", () => {
  test("takes a strategic merge for core kinds only", () => {
    const patch = { type: "application/strategic-merge-patch+json", body: { a: 1 } } as const;
    expect(applyPatch(namespaceKind, { b: 2 }, patch)).toEqual({ a: 1, b: 2 });
    expect(() => applyPatch(modelKind, {}, patch)).toThrow(/media type/);
  });

  test("knows the media types of PATCH, whatever follows them", () => {
    expect(patchMediaTypeOf("application/Merge-Patch+json; charset=utf-8")).toBe("application/merge-patch+json");
    expect(() => patchMediaTypeOf(undefined)).toThrow(/media type/);
  });
});
