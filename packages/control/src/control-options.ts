/** What control is given, and what it gives. */
import type { Clock, Log, Metrics, Random } from "@modelyard/core";
import type { ArtifactStore } from "@modelyard/objects";
import type { Store } from "@modelyard/store";
import type { ApiServerLimits } from "./api-server/api-server.ts";
import type { AccessOptions } from "./authentication/open-front-door.ts";

/** Options of `startControl`. */
export interface ControlOptions {
  /** Stays open when control closes: its owner closes it. */
  readonly store: Store;
  /** Stays open when control closes. */
  readonly artifacts: ArtifactStore;
  /** Beyond loopback only with authentication. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Base address of the data plane (`http://127.0.0.1:8033`), once it is known. */
  readonly dataUrl: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: Random;
  /** Version of the product. */
  readonly version: string;
  readonly limits?: ApiServerLimits;
  /** Who may connect to the API server. Default: everybody on this machine, over cleartext. */
  readonly access?: AccessOptions;
  /** A key that opens everything; its Secret `modelyard-admin` in `modelyard-system` is there after each start. Default: none is made. */
  readonly adminKey?: string;
}

/** A running control. */
export interface Control {
  /** Base address of the API server. */
  readonly url: string;
  /** Looks at every object again soon: for facts that are not in the store, such as the address of the data plane. */
  refresh(): void;
  /** Ends watches, reconcilers and the server; idempotent; waits for what runs. */
  close(): Promise<void>;
}
