/** Fakes of the ports of `core` for tests and the simulator. */
export { type FakeClock, fakeClock } from "./fake-clock.ts";
export { type RecordedLog, recordedLog } from "./recorded-log.ts";
