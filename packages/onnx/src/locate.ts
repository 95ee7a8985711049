/** Where in a model a byte of its file lies, so that a broken file is reported by part and not only by offset. */
import { type CompiledField, type MessageType, ProtoReader } from "@modelyard/codec";
import { modelType } from "./model-types.ts";

/** Path of the innermost part that holds the byte at `offset`, for example `graph.node[3].attribute[0]`; "the file" at the top level. */
export function locate(bytes: Uint8Array, offset: number): string {
  const path: string[] = [];
  try {
    descend(modelType, new ProtoReader(bytes), { offset, path });
  } catch {
    // The file is broken at this very place: the path so far is the answer.
  }
  return path.length === 0 ? "the file" : path.join(".");
}

interface Search {
  readonly offset: number;
  readonly path: string[];
}

function descend(type: MessageType<unknown>, reader: ProtoReader, search: Search): void {
  const counts = new Map<string, number>();
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    const field = type.byTag.get(tag);
    const index = field ? (counts.get(field.name) ?? 0) : 0;
    if (field) counts.set(field.name, index + 1);
    const label = field ? labelOf(field, index) : undefined;
    const inner = field?.message?.();
    if (enterValue(reader, { tag, label, inner, search })) return;
  }
}

interface Value {
  readonly tag: number;
  readonly label: string | undefined;
  readonly inner: MessageType<unknown> | undefined;
  readonly search: Search;
}

/** Moves past a value, or into it when the byte lies there; true when it does. */
function enterValue(reader: ProtoReader, { tag, label, inner, search }: Value): boolean {
  const depth = search.path.length;
  if (label !== undefined) search.path.push(label);
  // Throws when the value reaches beyond its parent, which leaves its label as the last one.
  if (inner === undefined) reader.skip(tag);
  else {
    const outerEnd = reader.enter();
    if (search.offset <= reader.end) {
      descend(inner, reader, search);
      return true;
    }
    reader.leave(outerEnd);
  }
  if (reader.position > search.offset) return true;
  search.path.length = depth;
  return false;
}

function labelOf(field: CompiledField, index: number): string {
  return field.isList ? `${field.name}[${index}]` : field.name;
}
