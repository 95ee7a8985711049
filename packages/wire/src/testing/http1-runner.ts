/** Sends every case of HTTP/1.1 to a server and compares what happens with what is recorded. */
import { type Http1Case, type Http1ServerName, http1Cases, outcomeOf, requestOf } from "./http1-cases.ts";
import { observeHttp1, type TcpAddress } from "./http1-outcome.ts";

/** What became of one case. */
export interface Http1Result {
  readonly id: string;
  readonly section: string;
  readonly server: Http1ServerName;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
  readonly isAsExpected: boolean;
}

/** Silence after which a server that is recorded to wait is believed to: it never makes a right server fail, only a wrong one pass. */
const briefQuietMs = 150;
/** Silence after which a server that should have answered or closed has not. */
const longQuietMs = 10_000;
const atOnce = 16;

/** Runs all cases against a server, some at once; the results are in the order of the cases. */
export async function runHttp1Cases(server: Http1ServerName, address: TcpAddress): Promise<readonly Http1Result[]> {
  const cases = http1Cases();
  const results: Http1Result[] = [];
  for (let at = 0; at < cases.length; at += atOnce) {
    results.push(...(await Promise.all(cases.slice(at, at + atOnce).map((one) => runCase(server, address, one)))));
  }
  return results;
}

async function runCase(server: Http1ServerName, address: TcpAddress, one: Http1Case): Promise<Http1Result> {
  const expected = outcomeOf(one, server);
  const waits = expected.at(-1) === "waits";
  const patience = { answers: waits ? expected.length - 1 : 0, longMs: longQuietMs, shortMs: waits ? briefQuietMs : longQuietMs };
  const actual = await observeHttp1(address, requestOf(one), patience);
  const { id, section } = one;
  return { id, section, server, expected, actual, isAsExpected: JSON.stringify(actual) === JSON.stringify(expected) };
}
