/** What real clients were asked to do and what came of it, in the form in which scripts of every language print it, and the judgement of it. */
import { capture } from "../../repository.ts";

/**
 * Of a call: `right`, the answer is the known one; `refused`, as it has to be, in the catalogue's words; `failed`. Of a method or option of the
 * client: `called`; `not supported`, it is refused by name; `left out`, for the reason given; `missing`, nothing says why it is not called.
 */
export type CallOutcome = "right" | "refused" | "failed" | "called" | "not supported" | "left out" | "missing";

/** One call, or what one method came to. */
export interface ClientCall {
  readonly client: string;
  readonly call: string;
  readonly outcome: CallOutcome;
  readonly answer: string;
}

/** How long a client's program may run: none takes more than a few seconds, and one that waits for an answer for ever is a call that failed. */
export const clientLimitMs = 120_000;

/** Runs a script that prints calls as JSON lines; a script that ends badly is a call that failed. */
export async function callsOfScript(python: string, args: readonly string[]): Promise<readonly ClientCall[]> {
  const { status, output, stdout } = await capture(python, ["-B", ...args], { limitMs: clientLimitMs });
  const calls = stdout.split("\n").flatMap((line) => (line.startsWith('{"client"') ? [JSON.parse(line) as ClientCall] : []));
  const failure: ClientCall = { client: args.join(" "), call: "script", outcome: "failed", answer: output.slice(-400) };
  return status === 0 && calls.length > 0 ? calls : [...calls, failure];
}

/** What came of a call that is made here. */
export interface Attempt {
  readonly isRight: boolean;
  readonly answer: string;
  /** Whether a refusal was wanted. Default false. */
  readonly isRefusal?: boolean;
}

/** A call that is made here; one that throws has failed. */
export async function attempted(
  named: { readonly client: string; readonly call: string },
  act: () => Promise<Attempt>,
): Promise<ClientCall> {
  try {
    const { isRight, answer, isRefusal = false } = await act();
    return { ...named, outcome: isRight ? (isRefusal ? "refused" : "right") : "failed", answer: shortened(answer) };
  } catch (error) {
    return { ...named, outcome: "failed", answer: shortened(String(error)) };
  }
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 200);
}

/** Whether nothing failed and nothing is missing. */
export function areAllAccounted(calls: readonly ClientCall[]): boolean {
  return calls.every(({ outcome }) => outcome !== "failed" && outcome !== "missing");
}

/** Figures of each client, in the order in which they came. */
export function figuresOf(calls: readonly ClientCall[]): readonly string[] {
  const clients = [...new Set(calls.map(({ client }) => client))];
  const order: readonly CallOutcome[] = ["right", "refused", "failed", "called", "not supported", "left out", "missing"];
  return clients.map((client) => {
    const count = (outcome: CallOutcome): number => calls.filter((one) => one.client === client && one.outcome === outcome).length;
    const counts = order.flatMap((outcome) => (count(outcome) === 0 ? [] : [`${count(outcome)} ${outcome}`]));
    return `${client}: ${counts.join(", ")}`;
  });
}

/** One line of the list. */
export function lineOf({ client, call, outcome, answer }: ClientCall): string {
  return `${outcome.padEnd(13)} ${client} ${call}${answer === "" ? "" : `: ${answer}`}`;
}
