/**
 * Who may connect to control: what its port is opened with, the key its owner has from the first start on, the kubeconfig that says all this to clients,
 * and the judgement of scrapes, whose port has no keys of its own.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { ControlOptions } from "@modelyard/control";
import { authenticate, type Clock, type KeyTable, type Log, type Metrics, parsePresentedKey, type Random, sleep } from "@modelyard/core";
import type { Store } from "@modelyard/store";
import type { DataFolder } from "../supervisor/data-folder.ts";
import type { Scrape, ScrapeVerdict } from "../supervisor/scrape.ts";
import { adminKey } from "./admin-key-file.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { openPortAccess, type PortAccess, type PortAccessSettings } from "./port-access.ts";
import { createScrapeGate } from "./scrape-gate.ts";

/** What {@link openControlAccess} works with. */
export interface ControlAccessDeps {
  /** Where the keys are. */
  readonly store: Store;
  readonly folder: DataFolder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** Who may connect to control. */
export interface ControlAccess {
  readonly control: Pick<ControlOptions, "access" | "adminKey">;
  /** Judges a scrape of the metrics port; absent when nobody is asked for a key. */
  readonly authorize?: (scrape: Scrape) => ScrapeVerdict;
  /** Writes the kubeconfig, and resolves when the key in it opens the server. */
  publish(url: string): Promise<void>;
  /** To be called when control is closed. Idempotent. */
  close(): Promise<void>;
}

/** Reads certificates, begins to follow keys, and makes the owner's when there is none. Rejects with `TLS_CONFIG_INVALID` or `DATA_FOLDER_UNUSABLE`. */
export async function openControlAccess(settings: PortAccessSettings, deps: ControlAccessDeps): Promise<ControlAccess> {
  const { folder, clock, log } = deps;
  const key = settings.isAuthenticationRequired ? adminKey(folder) : undefined;
  let publishedUrl: string | undefined;
  const certFile = settings.tls?.certFile;
  const write = (): void => {
    if (publishedUrl === undefined) return;
    const certificate = certFile === undefined ? undefined : readFileSync(certFile, "utf8");
    publishCertificate(folder.certificateFile, certificate);
    writeKubeconfig(folder.kubeconfigFile, { url: publishedUrl, token: key, certificate });
  };
  const onCertificateReplaced = (): void => {
    try {
      write();
    } catch (error) {
      log.error("The new certificate could not be written into the kubeconfig", error);
    }
  };
  const port = await openPortAccess(settings, { ...deps, instanceId: "control", onCertificateReplaced });
  const { authentication, accessLog, writeAccessLog } = port;
  const gate = authentication.kind === "required" ? createScrapeGate({ ...deps, authentication, accessLog, writeAccessLog }) : undefined;
  return {
    control: controlOptions(port, key),
    ...(gate && { authorize: (scrape) => gate.authorize(scrape) }),
    async publish(url) {
      publishedUrl = url;
      write();
      if (authentication.kind === "required" && key !== undefined) await knownKey(authentication.keys, key, { clock, log });
    },
    async close() {
      gate?.close();
      await port.close();
    },
  };
}

function controlOptions({ tls, authentication, accessLog, writeAccessLog }: PortAccess, key: string | undefined): ControlAccess["control"] {
  return {
    access: { authentication, accessLog, writeAccessLog, ...(tls && { tls: tls.context }) },
    ...(key !== undefined && { adminKey: key }),
  };
}

/** For clients that want a file: `curl --cacert`. */
function publishCertificate(path: string, certificate: string | undefined): void {
  if (certificate === undefined) return rmSync(path, { force: true });
  writeFileSync(`${path}.tmp`, certificate, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** Longest time until a key that was just made opens the server, milliseconds. */
const knownWithinMs = 10_000;
const lookEveryMs = 20;

/** A server whose owner it does not know yet is not ready. */
async function knownKey(keys: KeyTable, key: string, { clock, log }: { readonly clock: Clock; readonly log: Log }): Promise<void> {
  const isKnown = (): boolean => authenticate({ apiKey: key, certificateSubject: undefined }, keys, clock.nowMs()).kind === "granted";
  const untilMs = clock.monotonicMs() + knownWithinMs;
  while (!isKnown() && clock.monotonicMs() < untilMs) await sleep(clock, lookEveryMs);
  if (!isKnown()) log.warn("The key of the administrator is not known yet", { keyId: parsePresentedKey(key)?.id ?? null });
}
