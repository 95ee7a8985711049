/** What reading an archive needs, and what it gives. */
import type { ArchiveFile } from "./archive-file.ts";
import type { NameContext } from "./member-name.ts";
import type { UnpackMeter } from "./unpack-meter.ts";

/** One archive that is read. */
export interface ArchiveContext extends NameContext {
  readonly file: ArchiveFile;
  readonly meter: UnpackMeter;
  readonly signal: AbortSignal | undefined;
}

/** A member as its archive gives it; content is read before the next member is asked for. */
export type ArchiveMember =
  | { readonly kind: "folder"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly content: AsyncIterable<Uint8Array> }
  | { readonly kind: "hardlink" | "symlink"; readonly name: string; readonly target: string };
