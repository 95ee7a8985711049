/**
 * Messages as field tables. A table is checked against the TypeScript interface it fills: a missing field, a wrong type or a wrong
 * presence does not compile.
 *
 * @example
 * interface Point extends ProtoMessage { readonly x: number; readonly label?: string; readonly tags: readonly string[] }
 * const point: MessageType<Point> = messageType("Point", {
 *   x: implicit(1, "int32"),
 *   label: optional(2, "string"),
 *   tags: repeated(3, "string"),
 * });
 */
import { assert } from "@modelyard/core";
import { wireDelimited } from "./proto-reader.ts";
import { sizeOfUint32 } from "./proto-writer.ts";
import { type ScalarCodec, type ScalarType, type ScalarValues, scalars } from "./scalar.ts";

/** What every message may carry besides its fields. */
export interface ProtoMessage {
  /** Fields the table does not name, tag included, in the order they came; kept when asked for, written after the known ones. */
  readonly unknownFields?: readonly Uint8Array[];
}

/**
 * How often a field occurs. `implicit`: proto3 scalar, absent means its zero. `optional`: absent is absent, present is written even when zero.
 * `repeated` and `packed` differ only in how they are written; both forms are read.
 */
export type Presence = "implicit" | "optional" | "repeated" | "packed";

/** One field of a table, as {@link implicit}, {@link optional}, {@link repeated} and {@link packed} make it. */
export interface Field<V, P extends Presence = Presence> {
  readonly number: number;
  readonly presence: P;
  readonly scalar: ScalarType | undefined;
  /** Later than the table, because messages refer to each other. */
  readonly message: (() => MessageType<unknown>) | undefined;
  /** Only for the compiler: the type of one value. Never set. */
  readonly value?: V;
}

/** A table that fills `T`: optional properties take optional fields, lists repeated ones, everything else implicit ones. */
export type FieldsOf<T> = {
  readonly [K in Exclude<keyof T, "unknownFields">]-?: object extends Pick<T, K>
    ? Field<Exclude<T[K], undefined>, "optional">
    : T[K] extends readonly (infer V)[]
      ? Field<V, "repeated" | "packed">
      : Field<T[K], "implicit">;
};

/** A field ready for reading and writing. */
export interface CompiledField {
  readonly name: string;
  readonly presence: Presence;
  readonly isList: boolean;
  readonly tag: number;
  readonly tagSize: number;
  readonly scalar: ScalarCodec<unknown> | undefined;
  readonly message: (() => MessageType<unknown>) | undefined;
}

/** A message type: its table, compiled once. */
export interface MessageType<T> {
  readonly name: string;
  /** By field number. */
  readonly fields: readonly CompiledField[];
  /** By tag; a packable list is found under both of its tags. */
  readonly byTag: ReadonlyMap<number, CompiledField>;
  /** Only for the compiler. Never set. */
  readonly value?: T;
}

type Thunk<M> = () => MessageType<M>;

/** A proto3 scalar: its zero when absent, not written when zero. */
export function implicit<S extends ScalarType>(number: number, type: S): Field<ScalarValues[S], "implicit"> {
  return field(number, type, "implicit");
}

/** A field that is there or not: proto2 `optional`, proto3 `optional`, a member of a oneof, a message. */
export function optional<S extends ScalarType>(number: number, type: S): Field<ScalarValues[S], "optional">;
export function optional<M>(number: number, type: Thunk<M>): Field<M, "optional">;
export function optional(number: number, type: ScalarType | Thunk<unknown>): Field<unknown, "optional"> {
  return field(number, type, "optional");
}

/** A list, written one tag an element: messages, strings, bytes, and the numbers of proto2. */
export function repeated<S extends ScalarType>(number: number, type: S): Field<ScalarValues[S], "repeated">;
export function repeated<M>(number: number, type: Thunk<M>): Field<M, "repeated">;
export function repeated(number: number, type: ScalarType | Thunk<unknown>): Field<unknown, "repeated"> {
  return field(number, type, "repeated");
}

/** A list of numbers, written under one tag: the default of proto3, `[packed=true]` of proto2. */
export function packed<S extends Exclude<ScalarType, "string" | "bytes">>(number: number, type: S): Field<ScalarValues[S], "packed"> {
  return field(number, type, "packed");
}

/** Compiles a table. */
export function messageType<T>(name: string, fields: FieldsOf<T>): MessageType<T> {
  const compiled = Object.entries<Field<unknown>>(fields).map(([fieldName, one]) => compile(fieldName, one));
  const byTag = new Map<number, CompiledField>();
  for (const one of compiled) {
    assert(!byTag.has(one.tag), `field numbers of ${name} differ`);
    byTag.set(one.tag, one);
    const otherTag = otherListTag(one);
    if (otherTag !== undefined) byTag.set(otherTag, one);
  }
  return { name, fields: compiled.toSorted((a, b) => a.tag - b.tag), byTag };
}

function field<V, P extends Presence>(number: number, type: ScalarType | Thunk<unknown>, presence: P): Field<V, P> {
  const isScalar = typeof type === "string";
  return { number, presence, scalar: isScalar ? type : undefined, message: isScalar ? undefined : type };
}

function compile(name: string, one: Field<unknown>): CompiledField {
  const scalar = one.scalar === undefined ? undefined : scalars[one.scalar];
  const wire = one.presence === "packed" ? wireDelimited : (scalar?.wire ?? wireDelimited);
  const tag = one.number * 8 + wire;
  const isList = one.presence === "repeated" || one.presence === "packed";
  return { name, presence: one.presence, isList, tag, tagSize: sizeOfUint32(tag), scalar, message: one.message };
}

function otherListTag(one: CompiledField): number | undefined {
  if (!one.isList || !one.scalar || one.scalar.wire === wireDelimited) return undefined;
  const number = one.tag - (one.tag & 7);
  return number + (one.presence === "packed" ? one.scalar.wire : wireDelimited);
}
