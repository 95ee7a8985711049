/** What a driver of an object store offers: look at one key, list what is below a prefix, open an object at an offset. The rest is the same for all. */
import type { PlatformError } from "@modelyard/core";
import type { Checksum } from "../internal/checksum.ts";
import type { BodyRequest, OpenedBody } from "../internal/resumable-fetch.ts";

/** An object as a listing describes it. */
export interface ListedObject {
  /** Its whole key on the server. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes whenever the bytes do; undefined when the server has nothing of the kind. */
  readonly version: string | undefined;
  readonly checksum?: Checksum | undefined;
}

/** A tree of objects on a server. */
export interface RemoteTree {
  /** The source, as messages show it. */
  readonly label: string;
  /** Server and container of the keys: with a key it tells an object apart from every other. Not shown. */
  readonly identity: string;
  /** Most objects fetched at a time. */
  readonly maxParallel: number;
  /** The object of exactly this key; undefined when there is none, or when looking is not allowed. */
  stat(key: string, signal: AbortSignal): Promise<ListedObject | undefined>;
  /** One page of the objects whose keys begin with `prefix`, and the token of the next page. */
  listPage(request: PageRequest): Promise<Page>;
  /** Opens an object in the version that was listed; `SOURCE_CHANGED` when it has another now. */
  open(object: ListedObject, request: BodyRequest): Promise<OpenedBody>;
  failureOf(error: unknown): PlatformError;
  close(): void;
}

/** Which page of a listing. */
export interface PageRequest {
  readonly prefix: string;
  /** Undefined: the first. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** A page of a listing. */
export interface Page {
  readonly objects: readonly ListedObject[];
  /** Undefined: the last. */
  readonly nextToken: string | undefined;
}
