import { expect, it } from "vitest";
import { type Conversation, sentBytes } from "./conversation.ts";
import { minimise } from "./minimise.ts";

it("leaves of a conversation what shows the fault", async () => {
  const text = "GET / HTTP/1.1\r\nA: 1\r\nB!: 2\r\n\r\n";
  const conversation: Conversation = {
    steps: [{ kind: "pause" }, { kind: "send", bytes: Buffer.from(text) }, { kind: "pause" }, { kind: "send", bytes: Buffer.from("more") }],
    ending: "end",
  };
  const smallest = await minimise(conversation, async (smaller) => sentBytes(smaller).includes("B!"));
  expect(smallest).toEqual({ steps: [{ kind: "send", bytes: Buffer.from("B!") }], ending: "end" });
});
