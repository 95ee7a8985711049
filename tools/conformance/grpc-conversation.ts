/** A call of several messages, each way. */
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { Message } from "@modelyard/gateway/testing";

/** What came. */
export interface Conversation {
  readonly messages: readonly Message[];
  readonly end: Pick<StatusObject, "code" | "details">;
}

/** Sends all requests and reads until the call ends; it is cancelled when there are `atMost` messages. */
export function converse(
  call: ClientDuplexStream<Message, Message>,
  requests: readonly Message[],
  atMost: number = Number.POSITIVE_INFINITY,
): Promise<Conversation> {
  const ended = new Promise<Conversation>((resolve) => {
    const messages: Message[] = [];
    call.on("data", (message: Message) => {
      if (messages.push(message) === atMost) call.cancel();
    });
    // The status says the same.
    call.on("error", () => {});
    // Messages that came with it are told in the same turn.
    call.on("status", (end: StatusObject) => setImmediate(() => resolve({ messages, end })));
  });
  for (const request of requests) call.write(request);
  call.end();
  return ended;
}
