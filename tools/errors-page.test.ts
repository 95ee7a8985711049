import { expect, test } from "vitest";
import { errorsPage, errorsPageText } from "./errors-page.ts";
import { read } from "./repository.ts";

test("docs/errors.md is equal to the catalogue (run `npm run fix` after a change)", () => {
  expect(read(errorsPage)).toBe(errorsPageText());
});
