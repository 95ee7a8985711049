/** Why an archive is refused, always with the name of the member it is refused for, where there is one. */
import { failure, type PlatformError } from "@modelyard/core";

/** Whose archive is read. */
export interface ArchiveSubject {
  /** The source, as messages show it. */
  readonly source: string;
}

/** A member's name breaks a rule; `why` goes on after the name: "holds a backslash". */
export function nameRefused(subject: ArchiveSubject, member: string, why: string): PlatformError {
  return failure("ARCHIVE_NAME_REFUSED", { source: subject.source, member: quoted(member), why });
}

/** A member is of a kind that is not taken in; `why` goes on after the name: "is a device". */
export function memberRefused(subject: ArchiveSubject, member: string, why: string): PlatformError {
  return failure("ARCHIVE_MEMBER_REFUSED", { source: subject.source, member: quoted(member), why });
}

/** The archive says one thing and holds another, or ends too early; `why` is a clause of its own. */
export function damaged(subject: ArchiveSubject, why: string, cause?: unknown): PlatformError {
  return failure("ARCHIVE_DAMAGED", { source: subject.source, why }, cause === undefined ? {} : { cause });
}

/** The archive goes beyond a limit; `why` is a clause of its own. */
export function limitExceeded(subject: ArchiveSubject, why: string): PlatformError {
  return failure("ARCHIVE_LIMIT_EXCEEDED", { source: subject.source, why });
}

const longestQuote = 120;
/** What would move the cursor, hide or turn the text around it. */
const unprintable = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** A name from outside, as messages show it: cut, in quotes, and nothing in it that a terminal would act on. */
export function quoted(name: string): string {
  const cut = name.length > longestQuote ? `${name.slice(0, longestQuote)}…` : name;
  const text = JSON.stringify(cut);
  return text.replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
