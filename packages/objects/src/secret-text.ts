/** A secret that can be carried but not printed: neither JSON nor a template shows it, and a private field is not inspected. Only `reveal()` gives it. */

/** A secret in memory. */
export class SecretText {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself, for the one who signs or sends with it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}
