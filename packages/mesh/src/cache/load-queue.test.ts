import { expect, test } from "vitest";
import { LoadQueue } from "./load-queue.ts";

function drained(queue: LoadQueue<string>): readonly string[] {
  const taken: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next);
  return taken;
}

test("requests overtake background loads, and each kind is in the order of asking", () => {
  const queue = new LoadQueue<string>();
  queue.add("b1", "background");
  queue.add("r1", "request");
  queue.add("b2", "background");
  queue.add("r2", "request");
  expect(drained(queue)).toEqual(["r1", "r2", "b1", "b2"]);
});

test("a background load that a request starts to wait for is moved up; one that is given up by all is moved back", () => {
  const queue = new LoadQueue<string>();
  queue.add("b1", "background");
  queue.add("r1", "request");
  queue.add("b2", "background");
  queue.add("b2", "request");
  queue.add("r1", "background");
  expect(queue.size).toBe(3);
  expect(drained(queue)).toEqual(["b2", "b1", "r1"]);
});

test("a load that is taken out does not come", () => {
  const queue = new LoadQueue<string>();
  queue.add("a", "request");
  expect([queue.delete("a"), queue.delete("a"), queue.take()]).toEqual([true, false, undefined]);
});
