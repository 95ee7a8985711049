/** Reads a peer's answer to a gRPC call: messages, then a status. */
import { PlatformError } from "@modelyard/core";
import type { Field, Fields } from "../message/fields.ts";
import type { PeerReceiver, PeerRequest, PeerResponseHead } from "../peer/contract.ts";
import { refuseCompressed } from "./message-encoding.ts";
import { MessageReader } from "./message-framing.ts";
import { failureOfHttpStatus, failureOfStatus, rpcFailure } from "./status.ts";
import { formatTimeout } from "./timeout.ts";

const callFields: readonly Field[] = [
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", "modelyard"],
];

/** What a call is made with. */
export interface CallHead {
  readonly path: string;
  readonly metadata: readonly Field[] | undefined;
  /** Time left, or `undefined` for no limit. */
  readonly timeoutMs: number | undefined;
}

/** The request of a call. */
export function callRequest(call: CallHead, body: Uint8Array | undefined): PeerRequest {
  const { path, metadata, timeoutMs } = call;
  const fields = metadata ? [...callFields, ...metadata] : callFields;
  const extra: readonly Field[] | undefined = timeoutMs === undefined ? undefined : [["grpc-timeout", formatTimeout(timeoutMs)]];
  return { head: { method: "POST", path, fields }, ...(extra ? { extraFields: extra } : {}), ...(body ? { body } : {}) };
}

/** Outcome of a call. */
export interface CallOutcome {
  /** `isOwned`: the bytes are the message's alone; else they are a view, valid during the call only. */
  readonly onMessage: (message: Uint8Array, isOwned: boolean) => void;
  /** Called once and last; without an error for status OK. */
  readonly onDone: (error?: PlatformError) => void;
  /** Room for more messages. */
  readonly onDrain?: () => void;
}

/** Receiver of one call. `cancel` is called when the answer cannot be used. */
export function callReceiver(path: string, maxMessageBytes: number, outcome: CallOutcome & { readonly cancel: () => void }): PeerReceiver {
  let head: PeerResponseHead | undefined;
  let reader: MessageReader | undefined;
  let isDone = false;
  const finish = (error?: PlatformError): void => {
    if (isDone) return;
    isDone = true;
    outcome.onDone(error);
  };
  const giveUp = (error: PlatformError): void => {
    finish(error);
    outcome.cancel();
  };
  return {
    onHead(received) {
      head = received;
      const isGrpc = received.get("content-type")?.startsWith("application/grpc") ?? false;
      if (received.get("grpc-status") !== undefined) return;
      if (received.status !== 200 || !isGrpc) giveUp(failureOfHttpStatus(path, received.status));
      const refuse = refuseCompressed(received.get("grpc-encoding"));
      const onMessage = (message: Uint8Array, isOwned: boolean, isCompressed: boolean): void =>
        isCompressed ? refuse() : outcome.onMessage(message, isOwned);
      reader = new MessageReader(maxMessageBytes, { onMessage });
    },
    onData(chunk) {
      if (isDone || !reader) return;
      try {
        reader.read(chunk);
      } catch (error) {
        giveUp(PlatformError.from(error));
      }
    },
    onEnd(trailers) {
      const isCut = reader?.isInsideMessage ?? false;
      finish(isCut ? rpcFailure("INTERNAL", path, "it ended within a message") : failureOfStatus(path, trailers ?? head ?? noFields));
    },
    onError: (error) => finish(error),
    onDrain: () => outcome.onDrain?.(),
  };
}

const noFields: Fields = { fields: [], get: () => undefined, memo: undefined };
