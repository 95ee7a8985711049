/** Contract suites of this package for the tests of others. */
export { storeContract } from "./store-contract.ts";
export { storeProperties } from "./store-properties.ts";
export { all, bytes, delegatingStore, pairs, put, remove, run, type StoreUnderTest, text, told, WatchReader } from "./store-under-test.ts";
