/**
 * A campaign: many inputs of one seed against one server, many at a time, with a look at the server's figures after each round.
 *
 * What only the process as a whole shows (an error in its log, memory that a closed connection left taken, a blocked event loop) is traced to an
 * input by holding the round's conversations again, one after the other.
 */
import type { Conversation } from "./conversation.ts";
import { fuzzInput } from "./fuzz-input.ts";
import { FuzzServer } from "./fuzz-server.ts";
import { type Growth, growthOf } from "./growth.ts";
import { Histogram } from "./histogram.ts";
import { hangMs, leftBehind, settledFigures } from "./left-behind.ts";
import type { PlantedServerFault } from "./planted-fault.ts";
import { noAnswer, runConversation, type TalkOutcome } from "./run-conversation.ts";
import type { FuzzServerFigures } from "./server-figures.ts";

/** Options of {@link runFuzzCampaign}. */
export interface FuzzCampaignOptions {
  readonly seed: number;
  /** How many. */
  readonly inputs: number;
  /** Number of the first. Default 0. */
  readonly firstInput?: number;
  /** Conversations at a time. Default 48. */
  readonly concurrency?: number;
  /** For tests of the fuzzer: what is wrong with the server. Default nothing. */
  readonly fault?: PlantedServerFault;
  /** Called after each round. Default nothing. */
  readonly onRound?: (done: number) => void;
}

/** What a campaign found. */
export interface FuzzFinding {
  /** Absent when no single input brings it about. */
  readonly input?: number;
  readonly conversation?: Conversation;
  readonly why: string;
}

/** See the module. */
export interface FuzzReport {
  readonly seed: number;
  readonly inputs: number;
  /** Inputs that mutate a valid conversation. */
  readonly mutated: number;
  readonly kinds: Histogram;
  readonly outcomes: Histogram;
  readonly findings: readonly FuzzFinding[];
  readonly growth: Growth;
  /** Longest block of the server's event loop by its own work, and longest wait of the probe by the clock on the wall. */
  readonly worstBlockMs: number;
  readonly worstProbeMs: number;
}

const defaultConcurrency = 48;
const maxRoundInputs = 5_000;
/** Rounds that a short campaign has all the same, so that growth can be told. */
const wantedRounds = 12;
/** Rounds are traced at most this often: a server with that many faults has been shown to have some. */
const maxTraces = 3;
const maxFindings = 100;
const slowTries = 5;

/** Runs it. Ends early when the server does, or when there are too many findings. */
export async function runFuzzCampaign(options: FuzzCampaignOptions): Promise<FuzzReport> {
  await using server = await FuzzServer.start(options.fault);
  const campaign = new Campaign(server, options);
  await campaign.run();
  return await campaign.report();
}

/** Inputs that follow each other and what they brought about. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly problems: readonly string[];
}

/** An input that looked wrong among others. */
interface Suspect {
  readonly input: number;
  readonly problems: readonly string[];
}

class Campaign {
  readonly #server: FuzzServer;
  readonly #options: FuzzCampaignOptions;
  readonly #kinds = new Histogram();
  readonly #outcomes = new Histogram();
  readonly #findings: FuzzFinding[] = [];
  readonly #figures: FuzzServerFigures[] = [];
  #done = 0;
  #mutated = 0;
  #worstBlockMs = 0;
  #worstProbeMs = 0;
  #traces = 0;
  /** Inputs that are being held. */
  readonly #held = new Set<number>();

  constructor(server: FuzzServer, options: FuzzCampaignOptions) {
    this.#server = server;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { inputs, firstInput = 0, onRound } = this.#options;
    const roundInputs = Math.min(maxRoundInputs, Math.ceil(inputs / wantedRounds));
    this.#figures.push(await settledFigures(this.#server));
    while (this.#done < inputs && !this.#server.isLost && this.#findings.length < maxFindings) {
      const from = firstInput + this.#done;
      const count = Math.min(roundInputs, inputs - this.#done);
      try {
        await this.#round(from, count);
      } catch (error) {
        // What fails because the server has gone is told in the report.
        if (!this.#server.isLost) throw error;
      }
      this.#done += count;
      onRound?.(this.#done);
    }
  }

  async report(): Promise<FuzzReport> {
    const crash = await this.#server.crash();
    const growth = growthOf(this.#figures);
    const grown = growth.problems.map((why) => ({ why }));
    return {
      seed: this.#options.seed,
      inputs: this.#done,
      mutated: this.#mutated,
      kinds: this.#kinds,
      outcomes: this.#outcomes,
      findings: [
        ...this.#findings,
        ...grown,
        ...(crash === undefined ? [] : [{ why: `while inputs ${[...this.#held].join(", ")} were held, ${crash}` }]),
      ],
      growth,
      worstBlockMs: this.#worstBlockMs,
      worstProbeMs: this.#worstProbeMs,
    };
  }

  async #round(from: number, count: number): Promise<void> {
    const suspects = await this.#talkToAll(from, count);
    this.#worstProbeMs = Math.max(this.#worstProbeMs, this.#server.probe.takeWorstMs());
    for (const suspect of suspects) await this.#confirm(suspect);
    if (this.#server.isLost) return;
    const before = this.#figures.at(-1);
    const figures = await settledFigures(this.#server, before?.bufferedBytes);
    const problems = [...leftBehind(figures, before ?? figures), ...this.#server.takeLogged()];
    this.#figures.push(figures);
    this.#worstBlockMs = Math.max(this.#worstBlockMs, figures.worstBlockMs);
    if (problems.length > 0 && this.#traces++ < maxTraces) await this.#trace({ from, count, problems });
    else this.#findings.push(...problems.map((why) => ({ why: `inputs ${from} to ${from + count - 1}: ${why}` })));
  }

  /** Gives the inputs that look wrong. */
  async #talkToAll(from: number, count: number): Promise<readonly Suspect[]> {
    const { seed, concurrency = defaultConcurrency } = this.#options;
    const suspects: Suspect[] = [];
    let next = from;
    const talk = async (): Promise<void> => {
      while (next < from + count && !this.#server.isLost) {
        const input = next++;
        const { kind, conversation } = fuzzInput(seed, input);
        this.#held.add(input);
        const { labels, problems, closingMs } = await this.#talk(conversation);
        // Either it says nothing to this, or it has gone: the probe tells.
        if (labels.includes(noAnswer)) await this.#server.probe.turn();
        if (!this.#server.isLost) this.#held.delete(input);
        this.#kinds.add(kind);
        if (kind.startsWith("mutated")) this.#mutated++;
        for (const label of labels) this.#outcomes.add(label);
        if (!this.#server.isLost && (problems.length > 0 || closingMs > hangMs)) suspects.push({ input, problems });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, talk));
    return suspects;
  }

  #talk(conversation: Conversation): Promise<TalkOutcome> {
    const { port, probe } = this.#server;
    return runConversation(conversation, { port, pause: () => probe.turn() });
  }

  /** Again, alone. */
  async #confirm({ input, problems }: Suspect): Promise<void> {
    const { conversation } = fuzzInput(this.#options.seed, input);
    const again = await this.#talk(conversation);
    const once = again.problems.length > 0 ? again.problems : problems.map((why) => `${why} (not again when it was alone)`);
    const closingMs = again.closingMs > hangMs ? await this.#leastClosingMs(conversation) : 0;
    const slow = closingMs > hangMs ? [`closed after ${Math.round(closingMs)} ms`] : [];
    for (const why of [...once, ...slow]) this.#findings.push({ input, conversation, why });
  }

  /** A conversation that is quick once was slow for what else the machine did. */
  async #leastClosingMs(conversation: Conversation): Promise<number> {
    const tries: number[] = [];
    while (tries.length < slowTries) tries.push((await this.#talk(conversation)).closingMs);
    return Math.min(...tries);
  }

  /** Once more, in ever shorter stretches, to find which of them it was. */
  async #trace({ from, count, problems }: Stretch): Promise<void> {
    const { seed } = this.#options;
    if (count === 1) {
      const { conversation } = fuzzInput(seed, from);
      this.#findings.push(...problems.map((why) => ({ input: from, conversation, why })));
      return;
    }
    const half = Math.ceil(count / 2);
    for (const part of [
      { from, count: half },
      { from: from + half, count: count - half },
    ]) {
      const again = await this.#problemsOfStretch(part);
      if (again.length > 0) return this.#trace({ ...part, problems: again });
    }
    this.#findings.push(
      ...problems.map((why) => ({ why: `inputs ${from} to ${from + count - 1}, not again when they were repeated: ${why}` })),
    );
  }

  async #problemsOfStretch({ from, count }: Omit<Stretch, "problems">): Promise<readonly string[]> {
    const before = await this.#server.figures();
    for (let input = from; input < from + count && !this.#server.isLost; input++) {
      await this.#talk(fuzzInput(this.#options.seed, input).conversation);
    }
    return [...leftBehind(await settledFigures(this.#server, before.bufferedBytes), before), ...this.#server.takeLogged()];
  }
}
