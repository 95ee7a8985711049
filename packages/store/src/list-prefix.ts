/** Lists a prefix page by page at one revision, so that no answer grows with the store. */
import type { KeyValue, Store, WaitOptions } from "./contract.ts";

/** Every key of a prefix as it stood at one revision. */
export interface ListedPrefix {
  readonly revision: number;
  readonly keyValues: readonly KeyValue[];
}

const defaultPageKeys = 500;
const lastCodePoint = 0x10ffff;

/** A part of a listing: every page of it shows the prefix as it stood at the same revision. */
export interface ListedPage extends ListedPrefix {
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

type ListOptions = WaitOptions & { readonly pageKeys?: number };

/** Lists all keys with a prefix; `STORE_COMPACTED` when the store forgets the revision meanwhile. */
export async function listPrefix(store: Store, prefix: string, options: ListOptions = {}): Promise<ListedPrefix> {
  const keyValues: KeyValue[] = [];
  let revision = 0;
  for await (const page of listPages(store, prefix, options)) {
    revision = page.revision;
    for (const keyValue of page.keyValues) keyValues.push(keyValue);
  }
  return { revision, keyValues };
}

/** The same in pages, at least one, in the order of the keys. The next one is asked for when the one before was taken. */
export async function* listPages(store: Store, prefix: string, options: ListOptions = {}): AsyncGenerator<ListedPage, void> {
  const limit = options.pageKeys ?? defaultPageKeys;
  let page = await store.range({ range: { kind: "prefix", prefix }, limit }, options);
  const { revision } = page;
  const end = prefixEnd(prefix);
  for (let isFirst = true; ; isFirst = false) {
    const { keyValues, more } = page;
    const last = keyValues.at(-1);
    const isLast = !more || !last;
    yield { revision, keyValues, isFirst, isLast };
    if (isLast) return;
    const start = `${last.key}\0`;
    page = await store.range({ range: { kind: "span", start, ...(end === undefined ? {} : { end }) }, limit, revision }, options);
  }
}

/** The least text above every key with the prefix; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === lastCodePoint) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates are no code points of text.
  const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
  return String.fromCodePoint(...points, next);
}
