/** Mutations of JSON by its tokens. What follows the JSON in a body, binary tensors, is left as it is. */
import type { Dice } from "./dice.ts";

/** Strings with what stands between quotes, numbers, words and punctuation. */
const tokenText = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g;
const values: readonly string[] = [
  ..."0|-1|1|2|-0|0.5|1e400|-1e400|1e-400|255|256|2147483648|9007199254740993|18446744073709551616|-9223372036854775809".split("|"),
  ...'null|true|false|""|[]|{}|[[]]|[1,[2]]|"\\u0000"|"\\ud800"|"Grüße"|"NaN"|{"a":1,"a":2}|01|+1|.5|NaN|Infinity|\'a\''.split("|"),
  ...'"FP32"|"FP16"|"BF16"|"BYTES"|"INT8"|"UINT64"|"BOOL"|"FP99"|"INT64"|"IN"|"OUT"|"image"|"x"|"probabilities"'.split("|"),
  ...'[0]|[-1]|[1,1,8,8]|[4294967296]|[9007199254740992,2]|[65536,65536]|[1,2,3,4,5,6,7,8,9]|[1.5]|["1"]'.split("|"),
  ...'"inputs"|"outputs"|"parameters"|"id"|"name"|"shape"|"datatype"|"data"|"__proto__"|"constructor"|"toString"'.split("|"),
  ...'"binary_data_size"|"binary_data"|"binary_data_output"|"classification"|"timeout"|"priority"|"sequence_id"'.split("|"),
  ...'"shared_memory_region"|"shared_memory_byte_size"|"headers"|"content_type"|"instances"'.split("|"),
  "[".repeat(2000),
  '{"a":'.repeat(500),
];

/** Changes a few tokens of the JSON that the body begins with. */
export function mutateJson(body: Buffer, dice: Dice): Buffer {
  const text = body.toString("latin1");
  const tokens = [...text.matchAll(tokenText)].map((match) => ({ at: match.index, text: match[0] }));
  if (tokens.length === 0) return Buffer.concat([body, Buffer.from(dice.pick(values))]);
  let changed = text;
  for (let times = 1 + dice.below(2); times > 0; times--) changed = changeToken(changed, dice.pick(tokens), dice);
  return Buffer.from(changed, "latin1");
}

/** After a first change the place of a token may hold something else, which does as well. */
function changeToken(text: string, { at, text: token }: { readonly at: number; readonly text: string }, dice: Dice): string {
  const before = text.slice(0, at);
  const after = text.slice(at + token.length);
  const value = (): string => Buffer.from(dice.pick(values)).toString("latin1");
  switch (dice.below(6)) {
    case 0:
      return before + after;
    case 1:
      return before + token + token + after;
    case 2:
      return `${before}${token},${value()}${after}`;
    case 3:
      return `${before}[${token}]${after}`;
    default:
      return before + value() + after;
  }
}
