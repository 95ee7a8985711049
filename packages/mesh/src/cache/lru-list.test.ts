import fc from "fast-check";
import { expect, test } from "vitest";
import { LruList, type LruNode } from "./lru-list.ts";

interface Node extends LruNode<Node> {
  readonly id: number;
}

test("LruList is in the order a plain array is after any sequence of additions, touches and removals", () => {
  const step = fc.record({ kind: fc.constantFrom("newest", "oldest", "touch", "remove"), id: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new LruList<Node>();
      const nodes = Array.from({ length: 10 }, (_, id): Node => ({ id, newer: undefined, older: undefined }));
      let model: number[] = [];
      for (const { kind, id } of steps) {
        const node = nodes[id];
        if (!node || model.includes(id) !== (kind === "touch" || kind === "remove")) continue;
        const others = model.filter((one) => one !== id);
        if (kind === "newest") list.addNewest(node);
        else if (kind === "oldest") list.addOldest(node);
        else if (kind === "touch") list.touch(node);
        else list.remove(node);
        model = kind === "oldest" ? [id, ...others] : kind === "remove" ? others : [...others, id];
        expect(Array.from(list, (one) => one.id)).toEqual(model);
        expect(list.oldest?.id).toBe(model[0]);
      }
    }),
  );
});
