import { describe, expect, test } from "vitest";
import type { ServiceRoute } from "./contract.ts";
import { RoutingTable } from "./routing-table.ts";

function route(
  name: string,
  more: Partial<Pick<ServiceRoute, "modelName" | "namespace">> & { readonly revision?: number } = {},
): ServiceRoute {
  const { modelName = name, namespace = "default", revision = 1 } = more;
  const active = { revision, modelId: `${namespace}/${name}__isvc-${revision}` };
  return { namespace, name, modelName, active, revisions: [active] };
}

describe("RoutingTable", () => {
  test("finds a service by object name and by model name, in its namespace only", () => {
    const table = new RoutingTable();
    table.set(route("digits", { modelName: "My Digits!" }));
    expect(table.find("default", "digits")?.name).toBe("digits");
    expect(table.find("default", "My Digits!")?.name).toBe("digits");
    expect(table.find("other", "digits")).toBeUndefined();
  });

  test("prefers an object name to another service's model name", () => {
    const table = new RoutingTable();
    table.set(route("a", { modelName: "b" }));
    table.set(route("b"));
    expect(table.find("default", "b")?.name).toBe("b");
    table.delete("default", "b");
    expect(table.find("default", "b")?.name).toBe("a");
  });

  test("gives a model name that two services have to the one whose object name sorts first", () => {
    const table = new RoutingTable();
    table.set(route("z", { modelName: "same" }));
    table.set(route("y", { modelName: "same" }));
    expect(table.find("default", "same")?.name).toBe("y");
    table.delete("default", "y");
    expect(table.find("default", "same")?.name).toBe("z");
    table.delete("default", "z");
    expect(table.find("default", "same")).toBeUndefined();
  });

  test("forgets the old model name of a renamed service", () => {
    const table = new RoutingTable();
    table.set(route("a", { modelName: "old" }));
    table.set(route("a", { modelName: "new" }));
    expect([table.find("default", "old"), table.find("default", "new")?.name]).toEqual([undefined, "a"]);
  });

  test("grows its epoch with every change and only then", () => {
    const table = new RoutingTable();
    table.set(route("a"));
    const { epoch } = table;
    const before = table.find("default", "a");
    table.set(route("a"));
    table.delete("default", "absent");
    expect(table.epoch).toBe(epoch);
    expect(table.find("default", "a")).toBe(before);
    table.set(route("a", { revision: 2 }));
    expect(table.epoch).toBe(epoch + 1);
    expect(before?.active.revision).toBe(1);
    table.delete("default", "a");
    expect(table.epoch).toBe(epoch + 2);
  });

  test("lists by namespace and name", () => {
    const table = new RoutingTable();
    for (const one of [route("b"), route("a"), route("c", { namespace: "early" })]) table.set(one);
    expect(table.list().map((one) => one.name)).toEqual(["a", "b", "c"]);
    expect(table.list("early").map((one) => one.name)).toEqual(["c"]);
    expect(table.list("absent")).toEqual([]);
  });
});
