/**
 * When a form is made of a message that was not like the one before. Not of the first, as most that come alone have none like them; and of a client whose
 * messages are never like each other (it names its requests, or asks many models in turn) only once in a while, as making one costs more than it saves.
 */

/** So many forms in a row may be of no use before they become rare. */
const mostUnused = 4;
const onceIn = 64;

/** Of one kind of message of one client. */
export class FormRenewal {
  /** Messages in a row that were not like the form. */
  #unlike = 0;

  /** The form was of use. */
  used(): void {
    this.#unlike = 1;
  }

  /** Asked for each message that was not like the form: whether one is made of it. */
  isDue(): boolean {
    const before = this.#unlike++;
    return before > 0 && (before <= mostUnused || before % onceIn === 0);
  }
}
