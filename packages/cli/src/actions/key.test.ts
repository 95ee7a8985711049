import { describe, expect, it, onTestFinished, vi } from "vitest";
import { runCli } from "../cli.ts";
import { recordedContext } from "../testing/recorded-context.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

/** Runs a command where there is no server: what is wrong with it is found before one is asked. */
async function refusal(...args: string[]): Promise<readonly [number, string]> {
  vi.stubEnv("MODELYARD_DATA", temporaryFolder());
  vi.stubEnv("MODELYARD_URL", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { context, stderr } = recordedContext();
  return [await runCli(["key", ...args], context), stderr()];
}

describe("modelyard key", () => {
  it.each([["create"], ["delete"]])("%s wants a name", async (action) => {
    expect(await refusal(action)).toEqual([2, expect.stringContaining("NAME is not valid: it is missing")]);
  });

  it.each(["soon", "-1d", "0s", "2001-01-01T00:00:00Z", "2030", "2030-99-01T00:00:00Z", "999999999999d"])(
    "create refuses %s as the end of a key",
    async (expires) => {
      expect(await refusal("create", "ci", `--expires=${expires}`)).toEqual([2, expect.stringContaining("--expires is not valid")]);
    },
  );

  it.each(["90d", "12h", "2099-01-31T00:00:00Z", "2099-01-31T00:00:00+01:00"])("create takes %s as the end of a key", async (expires) => {
    expect(await refusal("create", "ci", "--expires", expires)).toEqual([4, expect.stringContaining("SERVER_UNKNOWN")]);
  });

  it("knows no other actions and roles", async () => {
    expect((await refusal("rotate", "ci"))[0]).toBe(2);
    expect((await refusal("create", "ci", "--role", "root"))[0]).toBe(2);
  });
});
