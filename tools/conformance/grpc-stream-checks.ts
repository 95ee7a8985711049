/** Checks of `ModelStreamInfer`: one reply to each request, in their order, with what went wrong in the reply. */
import { status } from "@grpc/grpc-js";
import type { Check, Outcome, Subject } from "./check.ts";
import { type Conversation, converse } from "./grpc-conversation.ts";
import { callLimitMs, type GrpcAnswer, saysUnsupported, shownError } from "./grpc-exchange.ts";

interface Row {
  readonly id: string;
  readonly expected: string;
  readonly isWrong?: boolean;
  readonly ours?: string;
  readonly requests: (subject: Subject) => readonly GrpcAnswer[];
  readonly holds: (replies: readonly GrpcAnswer[]) => boolean;
}

const text = "the protocol leaves streams to its extensions; Triton's documentation says so";

const rows: readonly Row[] = [
  { id: "one", expected: "one reply", requests: (subject) => [request(subject, 1)], holds: (replies) => areInOrder(replies, 1) },
  { id: "none", expected: "the end, without a reply", requests: () => [], holds: (replies) => replies.length === 0 },
  {
    id: "order",
    expected: "100 replies in the order of their requests, large ones among them",
    requests: (subject) => Array.from({ length: 100 }, (_, index) => request(subject, index + 1, index % 10 === 0 ? 50_000 : 1)),
    holds: (replies) => areInOrder(replies, 100),
  },
  {
    id: "values",
    expected: "each reply has the values of its own request",
    requests: (subject) => [request(subject, 1, 3), request(subject, 2, 2)],
    holds: ([first, second]) => elementsOf(first) === 3 && elementsOf(second) === 2,
  },
  {
    id: "error-within",
    expected: "an error in the second of three replies; the stream goes on",
    isWrong: true,
    requests: (subject) => [request(subject, 1), { ...request(subject, 2), raw_input_contents: [Buffer.alloc(3)] }, request(subject, 3)],
    holds: (replies) => replies.map(hasErrorText).join() === "false,true,false" && idOf(replies[2]) === "3",
  },
  {
    id: "error-id",
    expected: "the reply of an error has the id of its request",
    ours: text,
    isWrong: true,
    requests: (subject) => [{ ...request(subject, 7), model_name: "absent" }],
    holds: ([reply]) => hasErrorText(reply) && idOf(reply) === "7",
  },
  {
    id: "absent-model",
    expected: "an error in the reply; the stream goes on",
    isWrong: true,
    requests: (subject) => [{ ...request(subject, 1), model_name: "absent" }, request(subject, 2)],
    holds: (replies) => replies.map(hasErrorText).join() === "true,false",
  },
  {
    id: "final",
    expected: "triton_final_response in the last reply, as triton_enable_empty_final_response asks",
    ours: text,
    requests: (subject) => [{ ...request(subject, 1), parameters: { triton_enable_empty_final_response: { bool_param: true } } }],
    holds: (replies) => JSON.stringify(replies.at(-1)).includes("triton_final_response"),
  },
];

/** Every check of streams. */
export const grpcStreamChecks: readonly Check[] = rows.map(({ id, expected, isWrong = false, ours, requests, holds }) => ({
  id: `grpc-stream-${id}`,
  section: "streams",
  protocol: "gRPC",
  isWrong,
  expected,
  ...(ours !== undefined && { ours }),
  needs: (subject) => subject.identity("FP32"),
  run: async (subject) =>
    outcomeOf(await converse(subject.grpc.open("ModelStreamInfer", { deadlineMs: callLimitMs }), requests(subject)), holds),
}));

function outcomeOf({ messages, end }: Conversation, holds: Row["holds"]): Outcome {
  const ids = messages.map((reply) => (hasErrorText(reply) ? `${idOf(reply)}: ${String(reply["error_message"])}` : idOf(reply)));
  const actual = `${messages.length} replies: ${ids.join(", ").slice(0, 150)}; ${shownError(end)}`;
  return { actual, isRight: end.code === status.OK && holds(messages), isUnsupported: saysUnsupported(end) };
}

function request(subject: Subject, id: number, elements = 1): GrpcAnswer {
  const input = { name: "IN", datatype: "FP32", shape: [elements] };
  return { model_name: subject.identity("FP32"), id: String(id), inputs: [input], raw_input_contents: [Buffer.alloc(4 * elements)] };
}

function areInOrder(replies: readonly GrpcAnswer[], count: number): boolean {
  return replies.length === count && replies.every((reply, index) => !hasErrorText(reply) && idOf(reply) === String(index + 1));
}

function answerIn(reply: GrpcAnswer | undefined): GrpcAnswer {
  return (reply?.["infer_response"] ?? {}) as GrpcAnswer;
}

function idOf(reply: GrpcAnswer | undefined): string {
  const { id } = answerIn(reply);
  return typeof id === "string" ? id : "";
}

function hasErrorText(reply: GrpcAnswer | undefined): boolean {
  return (reply?.["error_message"] ?? "") !== "";
}

function elementsOf(reply: GrpcAnswer | undefined): number {
  const [output] = (answerIn(reply)["outputs"] ?? []) as readonly GrpcAnswer[];
  return Number((output?.["shape"] as readonly string[] | undefined)?.[0]);
}
