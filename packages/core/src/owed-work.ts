/** Work that a thread has put off. */

/** What runs are expected to take that wait for the end of this turn of the event loop: who reads sockets reads no more while that is enough for one. One for a thread. */
export class OwedWork {
  /** Microseconds. Whoever puts work off adds it, and takes it away when it is done. */
  micros = 0;
}
