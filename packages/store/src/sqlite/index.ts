/** The store in a SQLite file. An entry of its own, because `serve` must not load SQLite. */
export { type SqliteStoreOptions, sqliteStore } from "./sqlite-store.ts";
