/**
 * gRPC's health service: the whole server under the empty name, and the inference service under its own. Who watches is told of a change within
 * {@link lookIntervalMs}; one timer serves all who watch, and runs only while somebody does.
 * Source: gRPC health checking protocol.
 */
import { readMessage, writeMessage } from "@modelyard/codec";
import { type Clock, failure, PlatformError } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type { GrpcCall, GrpcMessageHandlers } from "@modelyard/wire";
import { healthCheckRequest, healthCheckResponse, servingStatus } from "./health-messages.ts";

/** Time between two looks at the health. */
export const lookIntervalMs = 500;
/** Most calls of Watch at once. */
const maxWatches = 1_000;

/** What {@link HealthService} is given. */
export interface HealthServiceDeps {
  readonly mesh: Mesh;
  readonly clock: Clock;
}

/** One call of Watch. */
interface Watch {
  readonly call: GrpcCall;
  readonly service: string;
  told: number;
}

const services: ReadonlySet<string> = new Set(["", "inference.GRPCInferenceService"]);

/** Answers Check and Watch. */
export class HealthService {
  readonly #deps: HealthServiceDeps;
  readonly #watches = new Set<Watch>();
  #isLooking = false;

  constructor(deps: HealthServiceDeps) {
    this.#deps = deps;
  }

  /** The answer of Check; fails with `NOT_FOUND` for a service that is not here. */
  check(message: Uint8Array): Uint8Array {
    const { service } = readMessage(healthCheckRequest, message);
    if (!services.has(service)) throw failure("NOT_FOUND", { what: `The service "${service.slice(0, longestShown)}"` });
    return answer(this.#statusOf(service));
  }

  /** Takes a call of Watch over. `onDone` hears how it ended, if that was not by the client. */
  watch(call: GrpcCall, onDone: (error: PlatformError) => void): GrpcMessageHandlers {
    let watch: Watch | undefined;
    const fail = (error: PlatformError): void => {
      if (watch) this.#watches.delete(watch);
      if (call.isOver) return;
      call.fail(error);
      onDone(error);
    };
    return {
      onMessage: (message) => {
        try {
          if (watch) throw failure("GRPC_MALFORMED", { problem: "the call has one message" });
          watch = this.#begin(call, message);
        } catch (error) {
          fail(PlatformError.from(error));
        }
      },
      onBroken: (error) => {
        if (watch) this.#watches.delete(watch);
        onDone(error);
      },
      onEnd: () => {
        if (!watch) fail(failure("GRPC_MALFORMED", { problem: "the message is missing or cut short" }));
      },
    };
  }

  #begin(call: GrpcCall, message: Uint8Array): Watch {
    const { service } = readMessage(healthCheckRequest, message);
    if (this.#watches.size >= maxWatches) {
      throw failure("LIMIT_EXCEEDED", { what: "The number of health watches", current: maxWatches + 1, limit: maxWatches });
    }
    const watch: Watch = { call, service, told: this.#statusOf(service) };
    call.send(answer(watch.told));
    this.#watches.add(watch);
    call.onCancel(() => this.#watches.delete(watch));
    this.#lookLater();
    return watch;
  }

  #lookLater(): void {
    if (this.#isLooking || this.#watches.size === 0) return;
    this.#isLooking = true;
    this.#deps.clock.setTimer(lookIntervalMs, () => this.#look(), { background: true });
  }

  #look(): void {
    this.#isLooking = false;
    for (const watch of this.#watches) this.#tell(watch);
    this.#lookLater();
  }

  #tell(watch: Watch): void {
    const status = this.#statusOf(watch.service);
    if (watch.call.isOver) this.#watches.delete(watch);
    else if (status !== watch.told) {
      watch.told = status;
      watch.call.send(answer(status));
    }
  }

  #statusOf(service: string): number {
    if (!services.has(service)) return servingStatus.serviceUnknown;
    return this.#deps.mesh.isReady ? servingStatus.serving : servingStatus.notServing;
  }
}

function answer(status: number): Uint8Array {
  return writeMessage(healthCheckResponse, { status });
}

const longestShown = 200;
