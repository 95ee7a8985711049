/** What a request says before its body, the same for both protocols. */
import { type Field, FieldList, type Fields } from "./fields.ts";

/** Head of a received request. */
export interface RequestHead extends Fields {
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** Host and port as the client named them; empty when HTTP/1.0 or the client left it out. */
  readonly authority: string;
  /** Path with query, as received; `*` for a server-wide OPTIONS. */
  readonly path: string;
}

/** Request line or pseudo-fields. */
export interface RequestLine {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/** Fixed-shape implementation of {@link RequestHead}. */
export class ReceivedRequestHead extends FieldList implements RequestHead {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;

  constructor(line: RequestLine, fields: readonly Field[]) {
    super(fields);
    this.method = line.method;
    this.scheme = line.scheme;
    this.authority = line.authority;
    this.path = line.path;
  }
}
