import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCorpus } from "./corpus.ts";
import { FuzzServer } from "./fuzz-server.ts";
import { holdAlone } from "./hold-alone.ts";

let server: FuzzServer;

beforeAll(async () => {
  server = await FuzzServer.start();
});

afterAll(() => server[Symbol.asyncDispose]());

describe("the corpus of the fuzzer", () => {
  it.each(readCorpus().map((kept) => [kept.id, kept] as const))("%s is answered as recorded and leaves nothing behind", async (_, kept) => {
    expect(await holdAlone(server, kept.conversation)).toEqual({ labels: kept.outcome, problems: [] });
  });
});
