import { kinds as apiKinds, inferenceServiceKind } from "@modelyard/api";
import { expect, test } from "vitest";
import type { ResourceClient, ResourceKind } from "./contract.ts";

test("every kind of the API is a kind of the client", async () => {
  const typed = async (client: ResourceClient): Promise<string | undefined> =>
    (await client.get(inferenceServiceKind, { name: "x" })).status?.url;
  const all: readonly ResourceKind[] = apiKinds;
  expect([typed.name, all.length]).toEqual(["typed", apiKinds.length]);
});
