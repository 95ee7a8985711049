/** Mutations of an encoded conversation: of its pieces (frames, requests) as a whole and of what a frame says of itself. */
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutate-bytes.ts";

const frameHeaderBytes = 9;

/** Leaves out, repeats, moves or exchanges pieces. */
export function reorderPieces(pieces: readonly Buffer[], dice: Dice): readonly Buffer[] {
  const from = dice.below(pieces.length);
  const piece = pieces.slice(from, from + 1);
  const others = pieces.toSpliced(from, 1);
  switch (dice.below(4)) {
    case 0:
      return others;
    case 1:
      return pieces.toSpliced(from, 0, ...Array.from({ length: 1 + dice.below(dice.chance(0.1) ? 600 : 3) }, () => piece).flat());
    default:
      return others.toSpliced(dice.below(others.length + 1), 0, ...piece);
  }
}

/** Goes on with another conversation amid a piece. */
export function splicePieces(pieces: readonly Buffer[], others: readonly Buffer[], dice: Dice): readonly Buffer[] {
  const at = dice.below(pieces.length);
  const cut = pieces.slice(at, at + 1).map((piece) => piece.subarray(0, dice.below(piece.length + 1)));
  return [...pieces.slice(0, at), ...cut, ...others.slice(dice.below(others.length))];
}

/** Changes bytes of one piece, seldom of the first, without which the others are not looked at. */
export function mutatePieceBytes(pieces: readonly Buffer[], dice: Dice): readonly Buffer[] {
  return withPiece(pieces, dice, (piece) => mutateBytes(piece, dice));
}

/** Changes length, type, flags or stream of a frame, or a part of its payload with a length that is right again. */
export function mutateFrame(pieces: readonly Buffer[], dice: Dice): readonly Buffer[] {
  return withPiece(pieces, dice, (piece) => {
    if (piece.length < frameHeaderBytes) return piece;
    const frame = Buffer.from(piece);
    switch (dice.below(6)) {
      case 0:
        frame.writeUIntBE(dice.pick([0, 1, frame.length - 8, frame.length - 10, 16_384, 16_385, dice.border(24)]) & 0xff_ff_ff, 0, 3);
        return frame;
      case 1:
        frame[3] = dice.pick([dice.below(11), dice.below(256)]);
        return frame;
      case 2:
        frame[4] = dice.pick([0, 1, 4, 5, 8, 0x20, dice.below(256)]);
        return frame;
      case 3:
        frame.writeUInt32BE(dice.pick([0, 1, 2, 3, 5, 7, dice.border(31), 0x8000_0001]), 5);
        return frame;
      default:
        return withPayload(frame, mutateBytes(frame.subarray(frameHeaderBytes), dice));
    }
  });
}

function withPayload(frame: Buffer, payload: Buffer): Buffer {
  const head = Buffer.from(frame.subarray(0, frameHeaderBytes));
  head.writeUIntBE(payload.length & 0xff_ff_ff, 0, 3);
  return Buffer.concat([head, payload]);
}

function withPiece(pieces: readonly Buffer[], dice: Dice, change: (piece: Buffer) => Buffer): readonly Buffer[] {
  const first = pieces.length > 1 && dice.chance(0.95) ? 1 : 0;
  const at = first + dice.below(pieces.length - first);
  return pieces.map((piece, index) => (index === at ? change(piece) : piece));
}
