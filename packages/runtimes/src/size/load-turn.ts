/** Lets one at a time through, in order: large models are loaded alone, so that what memory grew by is theirs. */

/** See the module. */
export class LoadTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that was asked for before has settled. Rejects with the signal's reason when that comes before its turn. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    // The next one waits for this one's end, however it ends.
    this.#last = turn.catch(() => {});
    return turn;
  }
}
