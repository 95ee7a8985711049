/** Fakes and contract suites of `runtimes` for the tests of others. */
export { countingModelFile } from "./counting.ts";
export type { FakeBehaviour } from "./fake-loaded-model.ts";
export { type FakeEvent, type FakeRuntime, type FakeRuntimeOptions, fakeRuntime } from "./fake-runtime.ts";
export { type RuntimeSubject, runtimeContract } from "./runtime-contract.ts";
