/**
 * Which of two things heard of a key is the newer one: what the watch and the listings of the store say, and what this process wrote itself.
 *
 * Revisions tell, as long as they are of one history. A store that stands at a lower revision than before is another one, or one brought back from a
 * copy: its revisions say nothing about what is known, so while it is listed only what it has listed counts.
 */

/** What is known of a key, whatever its record is. */
export interface KeyFacts {
  readonly modRevision: number;
  /** The listing that told of it last, or after which a change did. */
  readonly listing: number;
}

/** See the module. */
export class KnownHistory {
  #revision = 0;
  #listing = 0;
  #isAnother = false;

  /** Number of the listing under way, or of the last one; 0 before the first. */
  get listing(): number {
    return this.#listing;
  }

  /** A list of everything begins, as the store stood at a revision. */
  beginListing(revision: number): void {
    this.#listing++;
    if (revision < this.#revision) this.#isAnother = true;
    this.#revision = revision;
  }

  /** All of it was heard. */
  endListing(): void {
    this.#isAnother = false;
  }

  /** The watch has told of everything up to a revision. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Whether a revision of this process's own is new: the watch has not been there, nor is more known of its key. */
  isAhead(modRevision: number, known: KeyFacts | undefined): boolean {
    return modRevision > this.#revision && modRevision > this.revisionOf(known);
  }

  /** The revision that counts beside a change from the store: 0 when nothing is known, or only of another history. */
  revisionOf(known: KeyFacts | undefined): number {
    return known && !(this.#isAnother && known.listing !== this.#listing) ? known.modRevision : 0;
  }

  /** Whether the listing, which has been heard, says by its silence that a key is gone. */
  isDropped({ listing, modRevision }: KeyFacts): boolean {
    return listing !== this.#listing && (this.#isAnother || modRevision <= this.#revision);
  }
}
