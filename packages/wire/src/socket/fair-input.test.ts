import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { workClock } from "@modelyard/core/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { BufferBudget } from "./buffer-budget.ts";
import { FairInput } from "./fair-input.ts";
import { TurnShare } from "./turn-share.ts";

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two ends of a connection. */
async function sockets(): Promise<readonly [client: Socket, served: Socket]> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [served] = (await once(listener, "connection")) as [Socket];
  listener.close();
  onTestFinished(() => {
    client.destroy();
    served.destroy();
  });
  return [client, served];
}

/** An input, and a clock that moves by work alone. */
async function setUp(): Promise<{
  readonly notes: string[];
  readonly input: FairInput;
  readonly budget: BufferBudget;
  readonly client: Socket;
  readonly served: Socket;
  /** From here on nothing more is begun in this turn. */
  readonly spend: () => void;
  readonly add: (text: string) => void;
}> {
  const [client, served] = await sockets();
  const clock = workClock();
  const turns = new TurnShare(clock);
  const budget = new BufferBudget(1e6);
  const notes: string[] = [];
  const taker = { onInput: (chunk: Buffer) => void notes.push(chunk.toString()), onInputEnd: () => void notes.push("end") };
  const input = new FairInput(served, { turns, budget }, taker);
  const spend = (): void => {
    const sinceMs = clock.monotonicMs();
    clock.work(1);
    turns.spend(sinceMs);
  };
  return { notes, input, budget, client, served, spend, add: (text) => input.add(Buffer.from(text), clock.monotonicMs()) };
}

describe("FairInput", () => {
  test("hands on at once what comes while the turn has time", async () => {
    const { notes, add, input } = await setUp();
    add("a");
    input.end();
    expect(notes).toEqual(["a", "end"]);
  });

  test("holds what comes in a turn that is spent, and hands it on in order, the end last", async () => {
    const { notes, add, input, budget, spend } = await setUp();
    spend();
    add("a");
    add("b");
    input.end();
    expect([notes, budget.usedBytes]).toEqual([[], 2]);
    await turnEnd();
    await turnEnd();
    expect([notes, budget.usedBytes]).toEqual([["a", "b", "end"], 0]);
  });

  test("does not read the socket while two chunks are held, and does again after them", async () => {
    const { notes, add, served, spend } = await setUp();
    served.resume();
    spend();
    add("a");
    expect(served.isPaused()).toBe(false);
    add("b");
    expect(served.isPaused()).toBe(true);
    await turnEnd();
    await turnEnd();
    expect([notes, served.isPaused()]).toEqual([["a", "b"], false]);
  });

  test("hands on nothing while the taker has paused, and all of it when it goes on", async () => {
    const { notes, add, input, served, spend } = await setUp();
    spend();
    add("a");
    input.pause();
    input.end();
    await turnEnd();
    await turnEnd();
    expect([notes, served.isPaused()]).toEqual([[], true]);
    input.resume();
    await turnEnd();
    expect(notes).toEqual(["a", "end"]);
  });

  test("gives back what it held when the socket is gone", async () => {
    const { notes, add, input, budget, spend } = await setUp();
    spend();
    add("a");
    input.drop();
    await turnEnd();
    expect([notes, budget.usedBytes]).toEqual([[], 0]);
  });

  test("hands on every byte of a socket that is read faster than it is worked on", async () => {
    const [client, served] = await sockets();
    const clock = workClock();
    const turns = new TurnShare(clock);
    const sent = Buffer.alloc(4 * 1024 * 1024, "0123456789abcdef");
    const received: Buffer[] = [];
    const ended = new Promise<void>((resolve) => {
      const onInput = (chunk: Buffer): void => {
        received.push(Buffer.from(chunk));
        clock.work(0.6);
      };
      const input = new FairInput(served, { turns }, { onInput, onInputEnd: resolve });
      served.on("data", (chunk: Buffer) => input.add(chunk, clock.monotonicMs()));
      served.on("end", () => input.end());
    });
    client.end(sent);
    await ended;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });
});
