import { expect, test } from "vitest";
import { descriptorsFile, descriptorsText } from "./file-descriptors.ts";
import { read } from "./repository.ts";

test("the descriptors of gRPC reflection are equal to the .proto files (run `node tools/file-descriptors.ts` after a change)", () => {
  expect(read(descriptorsFile)).toBe(descriptorsText());
});
