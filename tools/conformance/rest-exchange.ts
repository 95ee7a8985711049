/** One REST request of a check, and what is wanted of its answer. */
import type { Check, Outcome, Subject } from "./check.ts";

/** A request. */
export interface RestSent {
  readonly path: string;
  /** Default `GET`. */
  readonly method?: string;
  readonly body?: string | Uint8Array;
  /** Beside `content-type: application/json`, which every body has unless it is named here. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, its body in every form a check may want. */
export interface RestReceived {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** Undefined when it is not JSON. */
  readonly json: unknown;
}

/** What is wanted. */
export interface RestWanted {
  readonly status: number | readonly number[];
  /** Beyond the status. Default: anything. */
  readonly holds?: (received: RestReceived, subject: Subject) => boolean;
}

/** A row of a table of REST checks. */
export interface RestRow {
  readonly id: string;
  readonly section: string;
  readonly expected: string;
  readonly ours?: string | undefined;
  readonly extension?: string | undefined;
  readonly needs?: Check["needs"];
  readonly sent: (subject: Subject) => RestSent;
  readonly wanted: RestWanted;
  /** Statuses by which a server says that it does not have this at all. Default 501. */
  readonly unsupported?: readonly number[];
}

/** The check of a row. */
export function restCheck({ sent, wanted, unsupported = [501], ...row }: RestRow): Check {
  const statuses = typeof wanted.status === "number" ? [wanted.status] : wanted.status;
  const isWrong = statuses.every((status) => status >= 400) && statuses.some((status) => status !== 501);
  const run = async (subject: Subject): Promise<Outcome> => {
    const received = await exchange(subject.rest, sent(subject));
    const isRight = statuses.includes(received.status) && (wanted.holds?.(received, subject) ?? true);
    const { status, text } = received;
    const actual = `${status} ${text.slice(0, 200)}`;
    return { actual, isRight, isUnsupported: unsupported.includes(status), isRefused: isWrong && status >= 400 };
  };
  return { ...row, id: `rest-${row.id}`, protocol: "REST", isWrong, run };
}

/** A row of a table that is all of one section. */
export type SectionRow = Omit<RestRow, "section">;

/** The checks of a table; what they have in common, each row may say otherwise. */
export function sectionChecks(
  common: string | (Pick<RestRow, "section"> & Partial<RestRow>),
  rows: readonly SectionRow[],
): readonly Check[] {
  return rows.map((row) => restCheck({ ...(typeof common === "string" ? { section: common } : common), ...row }));
}

/** Statuses by which a server says that it does not have an address. */
export const absentStatuses: readonly number[] = [404, 405, 501];

/** A POST of JSON, or of text as it is. */
export function post(path: string, body: object | string): RestSent {
  return { path, method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
}

/** Sends a request and reads the whole answer. */
export async function exchange(address: string, { path, method = "GET", body, headers = {} }: RestSent): Promise<RestReceived> {
  const typed = body === undefined ? headers : { "content-type": "application/json", ...headers };
  const sentBody = body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) };
  const response = await fetch(address + path, { method, headers: typed, ...sentBody });
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString();
  return { status: response.status, headers: response.headers, bytes, text, json: parsed(text) };
}

/** A member of a JSON object; undefined when there is none. */
export function field(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** The text of an error answer; empty when the body is none. */
export function errorOf({ json }: RestReceived): string {
  const error = field(json, "error");
  return typeof error === "string" ? error : "";
}

/** Whether an answer is an error as the protocol writes it. */
export function hasError(received: RestReceived): boolean {
  return errorOf(received) !== "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the checks that want JSON see undefined.
    return undefined;
  }
}
