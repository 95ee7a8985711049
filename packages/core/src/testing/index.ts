/** Fakes of the ports of `core` for tests and the simulator. */

export { keyTableOf, type MintedKey, mintKey, type TestKeyTable } from "./api-keys.ts";
export { type FakeClock, fakeClock } from "./fake-clock.ts";
export { type RecordedLog, recordedLog } from "./recorded-log.ts";
export { type WorkClock, workClock } from "./work-clock.ts";
