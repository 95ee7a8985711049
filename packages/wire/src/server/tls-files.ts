/**
 * Certificates in files that are replaced while the server runs, as certificate managers and Kubernetes do it. Files are looked at from time to
 * time rather than watched: a notification is lost where a folder is swapped or shared over a network.
 */
import { readFile, stat } from "node:fs/promises";
import { type Clock, failure, type Log, PlatformError, type Timer } from "@modelyard/core";
import { type ClientAuth, createTlsContext, type TlsContext, type TlsOptions } from "./tls-context.ts";

/** Files in PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
  /** As in `TlsOptions`. */
  readonly clientAuth?: ClientAuth;
}

/** What {@link watchTlsFiles} works with. */
export interface TlsFilesDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** How often the files are looked at. Default 5 s. */
  readonly pollMs?: number;
  /** Told after other certificates were taken up. Default: nobody is. */
  readonly onReplaced?: () => void;
}

/** A context that follows its files. */
export interface WatchedTls {
  readonly context: TlsContext;
  /** Reads the files now; throws `TLS_CONFIG_INVALID`, and keeps what was read before, when they are not valid. */
  reload(): Promise<void>;
  /** Looks at the files no more. Idempotent. */
  close(): void;
}

/** Reads the files, throws `TLS_CONFIG_INVALID` when they are not valid, and follows their changes. */
export async function watchTlsFiles(files: TlsFiles, deps: TlsFilesDeps): Promise<WatchedTls> {
  const seen = await signatureOf(files);
  const context = createTlsContext(await readTls(files));
  return new FileFollower({ files, context, seen }, deps);
}

interface Followed {
  readonly files: TlsFiles;
  readonly context: TlsContext;
  readonly seen: string;
}

class FileFollower implements WatchedTls {
  readonly context: TlsContext;
  readonly #files: TlsFiles;
  readonly #deps: TlsFilesDeps;
  /** State of the files when they were read last, also if they were not valid: each state is tried, and complained about, once. */
  #seen: string;
  #timer: Timer;
  #isClosed = false;

  constructor({ files, context, seen }: Followed, deps: TlsFilesDeps) {
    this.context = context;
    this.#files = files;
    this.#deps = deps;
    this.#seen = seen;
    this.#timer = this.#schedule();
  }

  async reload(): Promise<void> {
    this.#seen = await signatureOf(this.#files);
    this.context.replace(await readTls(this.#files));
    const { subject, validTo } = this.context.current;
    this.#deps.log.info("TLS certificate loaded", { subject, validTo });
    this.#deps.onReplaced?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  #schedule(): Timer {
    const { clock, pollMs = 5_000 } = this.#deps;
    return clock.setTimer(pollMs, () => void this.#look(), { background: true });
  }

  async #look(): Promise<void> {
    try {
      if ((await signatureOf(this.#files)) !== this.#seen) await this.reload();
    } catch (error) {
      const { message } = PlatformError.from(error);
      this.#deps.log.warn("TLS files changed and were not accepted; the certificate loaded before stays in use", { why: message });
    }
    if (!this.#isClosed) this.#timer = this.#schedule();
  }
}

function pathsOf({ certFile, keyFile, clientCaFile }: TlsFiles): readonly string[] {
  return clientCaFile === undefined ? [certFile, keyFile] : [certFile, keyFile, clientCaFile];
}

/** Changes whenever a file does; one that is missing has a state, too. */
async function signatureOf(files: TlsFiles): Promise<string> {
  const states = pathsOf(files).map((path) =>
    stat(path).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => "missing",
    ),
  );
  return (await Promise.all(states)).join("\n");
}

async function readTls(files: TlsFiles): Promise<TlsOptions> {
  const [certificate, key, clientCa] = await Promise.all(pathsOf(files).map((path) => readPem(path)));
  const trust = clientCa === undefined ? {} : { clientCa };
  const auth = files.clientAuth === undefined ? {} : { clientAuth: files.clientAuth };
  return { certificate: certificate ?? "", key: key ?? "", ...trust, ...auth };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    throw failure("TLS_CONFIG_INVALID", { problem: `the file "${path}" cannot be read` }, { cause: error });
  }
}
