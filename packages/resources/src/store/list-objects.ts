/** Lists objects, whole or page by page. Pages of one list are all read at the revision of the first: the token that continues a list carries it. */
import { failure, PlatformError } from "@modelyard/core";
import { type KeyRange, type KeyValue, listPrefix, type RangeResponse, type Store } from "@modelyard/store";
import type { KubernetesObject, ListOptions, ObjectList, ResourceKind } from "../contract.ts";
import { type Predicate, parseSelection } from "../selectors.ts";
import { rangeOf } from "./object-keys.ts";
import { objectIn } from "./stored-object.ts";

/** Keys read at once while a page is gathered through a selector. */
const pageKeys = 500;

/** Every object asked for, or the next `limit` of them. `RESOURCE_EXPIRED` when the list's revision is no longer kept. */
export async function listObjects<T extends KubernetesObject>(
  store: Store,
  kind: ResourceKind<T>,
  options: ListOptions,
): Promise<ObjectList<T>> {
  const { matches, name } = parseSelection(options);
  const range = rangeOf(kind, { ...options, ...(name === undefined ? {} : { name }) });
  const wait = options.signal ? { signal: options.signal } : {};
  if (range.kind === "prefix" && (options.limit || options.continue)) return listPage<T>(store, { prefix: range.prefix, matches }, options);
  const listed = range.kind === "prefix" ? await listPrefix(store, range.prefix, wait) : await readKey(store, range);
  return { items: selected<T>(listed.keyValues, matches), resourceVersion: String(listed.revision) };
}

/** A failure of the store as a caller of the resource API knows it. */
export function resourceError(error: unknown, resourceVersion: string): unknown {
  const isGone = PlatformError.is(error) && (error.reason === "STORE_COMPACTED" || error.reason === "STORE_FUTURE_REVISION");
  return isGone ? failure("RESOURCE_EXPIRED", { resourceVersion }, { cause: error }) : error;
}

async function readKey(store: Store, range: KeyRange): Promise<{ readonly keyValues: readonly KeyValue[]; readonly revision: number }> {
  return store.range({ range });
}

interface PageScope {
  readonly prefix: string;
  readonly matches: Predicate;
}

async function listPage<T extends KubernetesObject>(store: Store, scope: PageScope, options: ListOptions): Promise<ObjectList<T>> {
  const limit = options.limit || Number.POSITIVE_INFINITY;
  const token = options.continue ? parseToken(options.continue, scope.prefix) : undefined;
  let { start = scope.prefix, revision }: { start?: string; revision?: number | undefined } = token ?? {};
  const items: T[] = [];
  for (;;) {
    // One more key than is wanted would only tell what `more` tells.
    const range: KeyRange = { kind: "span", start, end: afterPrefix(scope.prefix) };
    const page = await readPage(store, { range, limit: Math.min(limit - items.length, pageKeys), revision });
    revision ??= page.revision;
    for (const object of selected<T>(page.keyValues, scope.matches)) items.push(object);
    const last = page.keyValues.at(-1);
    if (!page.more || last === undefined) return { items, resourceVersion: String(revision) };
    start = `${last.key}\0`;
    if (items.length >= limit) return { items, resourceVersion: String(revision), continue: tokenOf({ start, revision }) };
  }
}

async function readPage(
  store: Store,
  request: { readonly range: KeyRange; readonly limit: number; readonly revision: number | undefined },
): Promise<RangeResponse> {
  const { range, limit, revision } = request;
  try {
    return await store.range({ range, limit, ...(revision === undefined ? {} : { revision }) });
  } catch (error) {
    throw resourceError(error, String(revision ?? ""));
  }
}

function selected<T extends KubernetesObject>(keyValues: readonly KeyValue[], matches: Predicate): readonly T[] {
  return keyValues.map((keyValue) => objectIn<T>(keyValue)).filter(matches);
}

/** Prefixes end with "/", whose successor is "0". */
function afterPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

interface Continuation {
  readonly start: string;
  readonly revision: number;
}

function tokenOf(continuation: Continuation): string {
  return Buffer.from(JSON.stringify(continuation)).toString("base64url");
}

function parseToken(token: string, prefix: string): Continuation {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    const { start, revision } = value as Partial<Continuation>;
    if (typeof start === "string" && start.startsWith(prefix) && Number.isSafeInteger(revision)) return value as Continuation;
  } catch {
    // Refused below: whatever is no token of ours was made up.
  }
  throw failure("INVALID_ARGUMENT", { what: "The continue token is not one this list gave" });
}
