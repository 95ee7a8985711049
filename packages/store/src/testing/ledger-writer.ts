/**
 * A process that writes to a SQLite store as fast as it can and prints a line for each write that was acknowledged; a test kills it.
 * Arguments: the file, the number of the round.
 */
import { writeSync } from "node:fs";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { sqliteStore } from "../sqlite/sqlite-store.ts";
import { bytes, run } from "./store-under-test.ts";

const [path = "", round = ""] = process.argv.slice(2);
const writers = 20;
const standardOutput = 1;

const store = await sqliteStore({ path, clock: systemClock(), log: silentLog(), random: systemRandom(), keepRevisions: 500 });
await Promise.all(Array.from({ length: writers }, (_, writer) => writeOn(writer)));

async function writeOn(writer: number): Promise<void> {
  for (let count = 1; ; count++) {
    const key = `entry/${round}/${writer}/${count}`;
    const counter = `counter/${round}/${writer}`;
    const value = bytes(String(count));
    const { revision } = await run(store, { kind: "put", key, value }, { kind: "put", key: counter, value });
    writeSync(standardOutput, `${key} ${counter} ${count} ${revision}\n`);
  }
}
