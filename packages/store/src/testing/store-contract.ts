/**
 * The suite every driver of the contract passes. Tests judge revisions relative to what they find, so a foreign server may have a history.
 */
import { afterEach, describe } from "vitest";
import { leaseContract } from "./contract-leases.ts";
import { readContract } from "./contract-reads.ts";
import { transactionContract } from "./contract-transactions.ts";
import { watchContract } from "./contract-watches.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** Registers the suite; `open` gives a store without keys, which the suite closes. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    const opened: StoreUnderTest[] = [];
    const openOne = async (): Promise<StoreUnderTest> => {
      const one = await open();
      opened.push(one);
      return one;
    };
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });
    describe("reads", () => readContract(openOne));
    describe("transactions", () => transactionContract(openOne));
    describe("watches", () => watchContract(openOne));
    describe("leases and closing", () => leaseContract(openOne));
  });
}
