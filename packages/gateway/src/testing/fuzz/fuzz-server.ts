/** The process of the server that is fuzzed, as the fuzzer sees it. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlantedServerFault } from "./planted-fault.ts";
import { Probe } from "./probe.ts";
import type { FuzzServerFigures, FuzzServerMessage } from "./server-figures.ts";

const stderrKeptBytes = 4000;

/** A running server. */
export class FuzzServer implements AsyncDisposable {
  readonly port: number;
  readonly probe: Probe;
  readonly #process: ServerProcess;

  private constructor(server: ServerProcess, port: number) {
    this.#process = server;
    this.port = port;
    this.probe = new Probe(port);
  }

  /** Starts one, with a fault if a test wants it; resolves when its models are loaded, rejects when it ends before. */
  static async start(fault?: PlantedServerFault): Promise<FuzzServer> {
    const server = new ServerProcess(fault);
    return new FuzzServer(server, await server.next("listening").then(({ port }) => port));
  }

  /** Whether it has gone: its connections are lost before its end is known. */
  get isLost(): boolean {
    return this.probe.isClosed || this.#process.crash !== undefined;
  }

  /** How the process ended; undefined while it goes on. */
  async crash(): Promise<string | undefined> {
    if (this.probe.isClosed) await this.#process.ended;
    return this.#process.crash;
  }

  /** Errors it logged since the last call. */
  takeLogged(): readonly string[] {
    return this.#process.logged.splice(0);
  }

  /** Loads what was unloaded, collects garbage and measures. Rejects when the server has ended. */
  figures(): Promise<FuzzServerFigures> {
    const figures = this.#process.next("figures");
    this.#process.ask();
    return figures;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.probe.close();
    await this.#process.end();
  }
}

interface Waiter {
  readonly kind: FuzzServerMessage["kind"];
  readonly resolve: (message: FuzzServerMessage) => void;
  readonly reject: (error: Error) => void;
}

class ServerProcess {
  readonly logged: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "modelyard-fuzz-"));
  readonly #child: ChildProcess;
  /** The process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  #waiters: Waiter[] = [];
  #errorText = "";

  constructor(fault: PlantedServerFault | undefined) {
    const execArgv = ["--conditions=modelyard-source", "--expose-gc"];
    const program = join(import.meta.dirname, "fuzz-server-program.ts");
    this.#child = fork(program, [this.#folder, fault ?? ""], { execArgv, stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.on("message", (message: FuzzServerMessage) => this.#onMessage(message));
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errorText = (this.#errorText + chunk.toString()).slice(-stderrKeptBytes)));
    // Not "close": children of its own, which outlive it for a moment, hold its pipe too.
    this.ended = new Promise((resolve) => this.#child.on("exit", () => setImmediate(resolve)));
    void this.ended.then(() => this.#rejectAll());
  }

  get crash(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? undefined : `the server ended with ${exitCode ?? signalCode}: ${this.#errorText}`;
  }

  ask(): void {
    if (this.#child.connected) this.#child.send("figures");
  }

  next<K extends FuzzServerMessage["kind"]>(kind: K): Promise<Extract<FuzzServerMessage, { readonly kind: K }>> {
    return new Promise((resolve, reject) => {
      // It is called with messages of its kind only.
      this.#waiters.push({ kind, resolve: resolve as Waiter["resolve"], reject });
      if (this.crash !== undefined) this.#rejectAll();
    });
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #onMessage(message: FuzzServerMessage): void {
    if (message.kind === "logged") this.logged.push(message.text);
    const waiting = this.#waiters.filter(({ kind }) => kind === message.kind);
    this.#waiters = this.#waiters.filter(({ kind }) => kind !== message.kind);
    for (const { resolve } of waiting) resolve(message);
  }

  #rejectAll(): void {
    for (const { reject } of this.#waiters.splice(0)) reject(new Error(this.crash ?? "the server has ended"));
  }
}
