/** Requests for the model of two inputs and two outputs that the checks share. */

import type { Subject } from "./check.ts";
import type { RestSent } from "./rest-exchange.ts";

/** `A`: six numbers, in a shape that differs from its transpose. */
export const a = { name: "A", datatype: "FP32", shape: [2, 3], data: [1, 2, 3, 4, 5, 6.5] } as const;
/** `B`. */
export const b = { name: "B", datatype: "INT64", shape: [4], data: [-1, 0, 7, 9007199254740991] } as const;

/** Bytes of `A`. */
export const aBytes: Buffer = Buffer.from(Float32Array.from(a.data).buffer);
/** Bytes of `B`. */
export const bBytes: Buffer = Buffer.from(BigInt64Array.from(b.data.map(BigInt)).buffer);

/** A request of JSON. */
export function pairSent(body: object): (subject: Subject) => RestSent {
  return ({ pair }) => ({ path: `/v2/models/${pair}/infer`, method: "POST", body: JSON.stringify(body) });
}

/** A request of JSON and what follows it. */
export function pairBinarySent(body: object, parts: readonly Uint8Array[]): (subject: Subject) => RestSent {
  const head = Buffer.from(JSON.stringify(body));
  const headers = { "inference-header-content-length": String(head.length), "content-type": "application/octet-stream" };
  return ({ pair }) => ({ path: `/v2/models/${pair}/infer`, method: "POST", headers, body: Buffer.concat([head, ...parts]) });
}

/** An input whose data is behind the JSON. */
export function behind(input: typeof a | typeof b, sizeBytes: number = (input === a ? aBytes : bBytes).length): object {
  const { data: _data, ...described } = input;
  return { ...described, parameters: { binary_data_size: sizeBytes } };
}
