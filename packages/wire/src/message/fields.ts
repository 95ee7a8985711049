/** Header and trailer fields as both protocols carry them: ordered pairs with lower-case names, values as Latin-1 text. */

/** A field: lower-case name and value. */
export type Field = readonly [name: string, value: string];

/** Fields that were received. The same object is handed out again when the same bytes repeat on a connection, with what `memo` holds. */
export interface Fields {
  /** In the order received; pseudo-fields of HTTP/2 are not among them. */
  readonly fields: readonly Field[];
  /** Value of the first field of this lower-case name. */
  get(name: string): string | undefined;
  /**
   * Free slot of whoever handles the message, for what it derives from the fields, such as a route. A head that differs from the one before only in
   * its trace or its deadline has what was kept with that one.
   */
  memo: unknown;
}

/** Plain implementation of {@link Fields}. */
export class FieldList implements Fields {
  readonly fields: readonly Field[];
  memo: unknown = undefined;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
  }

  get(name: string): string | undefined {
    const { fields } = this;
    for (const field of fields) {
      if (field[0] === name) return field[1];
    }
    return undefined;
  }
}
