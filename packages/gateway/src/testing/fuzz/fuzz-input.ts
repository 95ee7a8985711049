/** Input number N of a seed: a conversation, and how it was made. Two in three mutate a valid one. */
import { clientPreface } from "@modelyard/wire/testing";
import type { Conversation, Step } from "./conversation.ts";
import { type Dice, diceOf } from "./dice.ts";
import { encodeHttp1 } from "./encode-http1.ts";
import { encodeHttp2 } from "./encode-http2.ts";
import { grammarHttp1, grammarHttp2 } from "./grammar.ts";
import { mutateFrame, mutatePieceBytes, reorderPieces, splicePieces } from "./mutate-pieces.ts";
import { mutateRequest } from "./mutate-request.ts";
import { grpcSeed, grpcWebSeed, restSeed, type SeedRequest } from "./seed-requests.ts";

/** How a conversation was made. */
export type InputKind =
  | "valid"
  | "mutated request"
  | "mutated frame"
  | "mutated bytes"
  | "mutated order"
  | "mutated splice"
  | "grammar http1"
  | "grammar http2"
  | "random bytes";

/** See the module. */
export interface FuzzInput {
  readonly kind: InputKind;
  readonly conversation: Conversation;
}

interface Encoded {
  readonly isHttp2: boolean;
  readonly pieces: readonly Buffer[];
}

/** Makes it; the same for the same arguments. */
export function fuzzInput(seed: number, input: number): FuzzInput {
  const dice = diceOf(seed, input);
  const { kind, pieces } = makePieces(dice);
  return { kind, conversation: delivered(pieces, dice) };
}

function makePieces(dice: Dice): { readonly kind: InputKind; readonly pieces: readonly Buffer[] } {
  const lot = dice.below(100);
  if (lot < 5) return { kind: "valid", pieces: valid(dice).pieces };
  if (lot < 35) return { kind: "mutated request", pieces: validPieces(dice, (request) => mutateRequest(request, dice)).pieces };
  if (lot < 72) return mutatedPieces(dice);
  if (lot < 81) return { kind: "grammar http1", pieces: grammarHttp1(dice) };
  if (lot < 92) return { kind: "grammar http2", pieces: grammarHttp2(dice) };
  const prefix = dice.pick([[], [], [clientPreface], [clientPreface.subarray(0, 24)], [Buffer.from("POST /v2 HTTP/1.1\r\n")]]);
  return { kind: "random bytes", pieces: [...prefix, dice.bytes(dice.below(200))] };
}

function mutatedPieces(dice: Dice): { readonly kind: InputKind; readonly pieces: readonly Buffer[] } {
  const { isHttp2, pieces } = valid(dice);
  const lot = dice.below(10);
  if (lot < 4 && isHttp2) return { kind: "mutated frame", pieces: mutateFrame(pieces, dice) };
  if (lot < 6) return { kind: "mutated bytes", pieces: mutatePieceBytes(pieces, dice) };
  if (lot < 8) return { kind: "mutated order", pieces: reorderPieces(pieces, dice) };
  return { kind: "mutated splice", pieces: splicePieces(pieces, valid(dice).pieces, dice) };
}

function valid(dice: Dice): Encoded {
  return validPieces(dice, (request) => request);
}

/** Good requests, of which one may be changed before it is encoded. */
function validPieces(dice: Dice, change: (request: SeedRequest) => SeedRequest): Encoded {
  const count = 1 + dice.below(dice.chance(0.3) ? 5 : 2);
  const isHttp2 = dice.chance(0.6);
  const requests = Array.from({ length: count }, () => seedRequest(dice, isHttp2));
  const changed = dice.below(count);
  const made = requests.map((request, index) => (index === changed ? change(request) : request));
  return { isHttp2, pieces: isHttp2 ? encodeHttp2(made, dice) : encodeHttp1(made, dice) };
}

function seedRequest(dice: Dice, isHttp2: boolean): SeedRequest {
  const lot = dice.below(100);
  if (lot < 10) return grpcWebSeed(dice);
  return isHttp2 && lot < 65 ? grpcSeed(dice) : restSeed(dice);
}

/** Cuts what is sent where the network might, with pauses, and chooses the end. */
function delivered(pieces: readonly Buffer[], dice: Dice): Conversation {
  const bytes = Buffer.concat(pieces);
  const cuts = dice.chance(0.6) ? [] : Array.from({ length: 1 + dice.below(4) }, () => dice.below(bytes.length + 1));
  const places = [0, ...cuts, bytes.length].toSorted((a, b) => a - b);
  const steps = places.slice(1).flatMap((end, index): Step[] => {
    const piece: Step = { kind: "send", bytes: bytes.subarray(places[index], end) };
    return dice.chance(0.3) ? [piece, { kind: "pause" }] : [piece];
  });
  // Most clients wait for their answers before they go.
  const last: Step[] = dice.chance(0.5) ? [{ kind: "pause" }] : [];
  return { steps: [...steps, ...last], ending: dice.chance(0.05) ? "reset" : "end" };
}
