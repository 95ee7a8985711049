import { expect, it } from "vitest";
import { isApiKeyId, parsePresentedKey } from "./api-key.ts";
import { newApiKey } from "./new-api-key.ts";

it("newApiKey() makes keys that are read as such, and never one twice", () => {
  const keys = Array.from({ length: 100 }, () => newApiKey());
  expect(keys.every((key) => isApiKeyId(parsePresentedKey(key)?.id ?? ""))).toBe(true);
  expect(new Set(keys.map((key) => parsePresentedKey(key)?.id)).size).toBe(100);
});
