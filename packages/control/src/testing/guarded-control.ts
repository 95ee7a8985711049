/** A control that asks who sends a request, with keys of every sort and its access log, for tests. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { keyTableOf, type MintedKey, mintKey, type TestKeyTable } from "@modelyard/core/testing";
import type { AccessOptions } from "../authentication/open-front-door.ts";
import { type RunningControl, runControl } from "./running-control.ts";

/** Keys of the table, by what they are. */
export const guardKeys: Readonly<Record<"infer" | "admin" | "foreign" | "system" | "systemInfer" | "expired", MintedKey>> = {
  infer: mintKey("inferkey1"),
  admin: mintKey("adminkey1", { role: "admin" }),
  foreign: mintKey("foreignk1", { namespace: "team", role: "admin" }),
  system: mintKey("systemke1", { namespace: "modelyard-system", role: "admin" }),
  systemInfer: mintKey("systemin1", { namespace: "modelyard-system" }),
  expired: mintKey("expiredk1", { role: "admin", expiresAtMs: 1 }),
};

/** A line of the access log. */
export type AccessLine = Readonly<Record<string, unknown>>;

/** What a test has. */
export interface GuardedControl {
  readonly running: RunningControl;
  readonly keys: TestKeyTable;
  /** Lines of the access log so far. */
  lines(): readonly AccessLine[];
  close(): Promise<void>;
}

/** Starts one that requires authentication. */
export async function guardedControl(
  access: Partial<AccessOptions> & { readonly clientCertificates?: boolean } = {},
): Promise<GuardedControl> {
  const { clientCertificates = false, ...options } = access;
  const keys = keyTableOf(...Object.values(guardKeys));
  let written = "";
  const running = await runControl({
    access: {
      authentication: { kind: "required", keys, clientCertificates },
      writeAccessLog: (lines) => (written += lines),
      ...options,
    },
  });
  return {
    running,
    keys,
    lines: () =>
      written
        .split("\n")
        .filter((line) => line !== "")
        // Lines of the log under test.
        .map((line) => JSON.parse(line) as AccessLine),
    close: () => running.close(),
  };
}

/** A request. */
export interface Asked extends Pick<RequestOptions, "ca" | "cert" | "key" | "method"> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks on a connection of its own. */
export function ask(url: string, { body, ...options }: Asked = {}): Promise<Answered> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      answer.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
