import { expect, it } from "vitest";
import { servingEnvironment } from "./serving-environment.ts";

it("servingEnvironment() is what is given, and a setting of malloc", () => {
  expect(servingEnvironment({ PATH: "/bin" })).toEqual({ PATH: "/bin", GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" });
});

it("servingEnvironment() lets settings of malloc that are given count more, by naming them last", () => {
  const given = { GLIBC_TUNABLES: "glibc.malloc.tcache_count=7" };
  expect(servingEnvironment(given)).toEqual({ GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.tcache_count=7" });
});
