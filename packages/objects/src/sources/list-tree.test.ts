import { systemClock } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { exchangeFailure } from "../internal/http-exchange.ts";
import { listTree } from "./list-tree.ts";
import type { Page, RemoteTree } from "./remote-tree.ts";

/** A tree whose listing is made page by page. */
function treeOf(pageOf: (index: number) => Page): RemoteTree {
  let pages = 0;
  return {
    label: "s3://bucket/dir",
    identity: "test",
    maxParallel: 1,
    stat: async () => undefined,
    listPage: async () => pageOf(pages++),
    open: () => Promise.reject(new Error("not opened here")),
    failureOf: (error) => exchangeFailure("s3://bucket/dir", error),
    close: () => {},
  };
}

function names(...keys: readonly string[]): RemoteTree {
  return treeOf(() => ({ objects: keys.map((key) => ({ key: `dir/${key}`, sizeBytes: 1, version: "v" })), nextToken: undefined }));
}

const deps = { clock: systemClock(), signal: undefined };

describe("listTree()", () => {
  test.each([
    ["a name that leads out", "../x"],
    ["a name that leads out further down", "a/../../x"],
    ["an absolute name", "/etc/passwd"],
    ["an empty part", "a//b"],
    ["a part that is the folder itself", "a/./b"],
    ["a backslash", "a\\..\\b"],
    ["a control character", "a\u0000b"],
    ["a part that no file system takes", "x".repeat(256)],
  ])("refuses %s by name", async (_what, key) => {
    await expect(listTree(names("ok", key), "dir", deps)).rejects.toMatchObject({
      reason: "SOURCE_REFUSED",
      message: expect.stringContaining(JSON.stringify(key).slice(0, 50)),
    });
  });

  test.each([
    ["twice the same", "a/b", "a/b"],
    ["differ by case only", "Model.onnx", "model.onnx"],
    ["differ by normal form only", "gro\u00dfe\u0301", "gro\u00dfe\u0301".normalize("NFC")],
    ["folders that differ by case only hold the same name", "A/x", "a/X"],
    ["are a file and a folder", "a", "a/b"],
    ["are a folder and a file", "a/b", "a"],
  ])("refuses names that %s", async (_what, ...keys) => {
    await expect(listTree(names(...keys), "dir", deps)).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  });

  test("refuses a listing without end: by its objects, the bytes of their names, its empty pages, and pages that come again", async () => {
    const endless = (page: (index: number) => Page): Promise<unknown> => listTree(treeOf(page), "dir", deps);
    const many = (index: number, length: number): Page => ({
      objects: Array.from({ length: 1_000 }, (_none, at) => ({
        key: `dir/${"n".repeat(length)}/${index}-${at}`,
        sizeBytes: 1,
        version: "v",
      })),
      nextToken: `t${index}`,
    });
    await expect(endless((index) => many(index, 1))).rejects.toThrow("more than 100000 objects");
    await expect(endless((index) => many(index, 900))).rejects.toThrow("bytes");
    await expect(endless((index) => ({ objects: [], nextToken: `t${index}` }))).rejects.toThrow("without an object");
    await expect(endless(() => ({ objects: [], nextToken: "same" }))).rejects.toThrow("comes back");
  });

  test("refuses objects that are not below the prefix, and sizes that are none", async () => {
    const one = (key: string, sizeBytes: number): RemoteTree =>
      treeOf(() => ({ objects: [{ key, sizeBytes, version: "v" }], nextToken: undefined }));
    await expect(listTree(one("other/x", 1), "dir", deps)).rejects.toThrow("not below it");
    await expect(listTree(one("dir/x", -1), "dir", deps)).rejects.toThrow("a size that is none");
    await expect(listTree(one("dir/x", 1.5), "dir", deps)).rejects.toThrow("a size that is none");
  });

  test("says that there is nothing", async () => {
    await expect(listTree(names(), "dir", deps)).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
  });
});
