/** REST checks of several tensors at once: which belongs to which, in JSON, binary, and both. */
import type { Check } from "./check.ts";
import { a, aBytes, b, bBytes, behind, pairBinarySent, pairSent } from "./pair-requests.ts";
import { field, hasError, type RestReceived, type RestWanted, restCheck, type SectionRow } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };
const both: RestWanted = { status: 200, holds: (received) => isA(received) && isB(received) && outputs(received).length === 2 };
const outA = { name: "OUT_A" };
const outB = { name: "OUT_B" };
const allBinary = { binary_data_output: true };

const rows: readonly SectionRow[] = [
  { id: "pair", expected: "both outputs, each with its name, shape and values", sent: pairSent({ inputs: [a, b] }), wanted: both },
  { id: "pair-reversed", expected: "the same: inputs are known by name", sent: pairSent({ inputs: [b, a] }), wanted: both },
  { id: "pair-outputs", expected: "both outputs", sent: pairSent({ inputs: [a, b], outputs: [outB, outA] }), wanted: both },
  {
    id: "pair-first-output",
    expected: "OUT_A alone, as asked",
    sent: pairSent({ inputs: [a, b], outputs: [outA] }),
    wanted: { status: 200, holds: (received) => isA(received) && outputs(received).length === 1 },
  },
  {
    id: "pair-second-output",
    expected: "OUT_B alone, as asked",
    sent: pairSent({ inputs: [a, b], outputs: [outB] }),
    wanted: { status: 200, holds: (received) => isB(received) && outputs(received).length === 1 },
  },
  { id: "pair-one-input", expected: "400: B is missing", sent: pairSent({ inputs: [a] }), wanted: refused },
  {
    id: "pair-swapped",
    expected: "400: each has the other's name",
    sent: pairSent({ inputs: [named(a, "B"), named(b, "A")] }),
    wanted: refused,
  },
  { id: "pair-same-twice", expected: "400: A comes twice", sent: pairSent({ inputs: [a, a] }), wanted: refused },
  {
    id: "pair-mixed-in",
    expected: "both outputs: A was binary and B JSON",
    sent: pairBinarySent({ inputs: [behind(a), b] }, [aBytes]),
    wanted: both,
  },
  {
    id: "pair-mixed-in-second",
    expected: "both outputs: A was JSON and B binary",
    sent: pairBinarySent({ inputs: [a, behind(b)] }, [bBytes]),
    wanted: both,
  },
  {
    id: "pair-binary-in",
    expected: "both outputs: data follows in the order of the inputs",
    sent: pairBinarySent({ inputs: [behind(b), behind(a)] }, [bBytes, aBytes]),
    wanted: both,
  },
  {
    id: "pair-binary-out",
    expected: "both outputs behind the JSON, in its order, with their sizes",
    sent: pairBinarySent({ parameters: allBinary, inputs: [behind(a), behind(b)] }, [aBytes, bBytes]),
    wanted: { status: 200, holds: hasBoth },
  },
  {
    id: "pair-mixed-out",
    expected: "OUT_A in JSON, OUT_B behind it",
    sent: pairSent({
      inputs: [a, b],
      outputs: [
        { ...outA, parameters: { binary_data: false } },
        { ...outB, parameters: { binary_data: true } },
      ],
    }),
    wanted: { status: 200, holds: (received) => isA(received) && binaryOf(received, "OUT_B").equals(bBytes) },
  },
  {
    id: "pair-output-over-default",
    expected: "OUT_A in JSON although binary is the default of the request",
    sent: pairSent({ parameters: allBinary, inputs: [a, b], outputs: [{ ...outA, parameters: { binary_data: false } }, outB] }),
    wanted: { status: 200, holds: (received) => isA(received) && binaryOf(received, "OUT_B").equals(bBytes) },
  },
  {
    id: "pair-binary-sizes",
    expected: "400: the sizes are exchanged",
    sent: pairBinarySent({ inputs: [behind(a, bBytes.length), behind(b, aBytes.length)] }, [aBytes, bBytes]),
    wanted: refused,
  },
  {
    id: "pair-binary-missing",
    expected: "400: the data of B is missing",
    sent: pairBinarySent({ inputs: [behind(a), behind(b)] }, [aBytes]),
    wanted: refused,
  },
  {
    id: "pair-zero-rows",
    expected: "a tensor without elements comes back so",
    ours: "the protocol does not say whether a dimension may be 0",
    sent: pairSent({ inputs: [{ ...a, shape: [0, 3], data: [] }, b] }),
    wanted: { status: 200, holds: (received) => String(field(outputNamed(received, "OUT_A"), "shape")) === "0,3" && isB(received) },
  },
];

/** Every check of several tensors. */
export const pairRestChecks: readonly Check[] = rows.map((row) =>
  restCheck({
    ...row,
    section: "several tensors",
    extension: /binary|mixed|default/.test(row.id) ? "binary_tensor_data" : undefined,
    needs: ({ pair }) => pair,
  }),
);

function named(input: typeof a | typeof b, name: string): object {
  return { ...input, name };
}

/** JSON of an answer, whatever follows it. */
function headOf({ headers, bytes, json }: RestReceived): unknown {
  const length = headers.get("inference-header-content-length");
  return length === null ? json : JSON.parse(bytes.subarray(0, Number(length)).toString());
}

function outputs(received: RestReceived): readonly unknown[] {
  return (field(headOf(received), "outputs") ?? []) as readonly unknown[];
}

function outputNamed(received: RestReceived, name: string): unknown {
  return outputs(received).find((output) => field(output, "name") === name);
}

function isA(received: RestReceived): boolean {
  return isTensor(outputNamed(received, "OUT_A"), a);
}

function isB(received: RestReceived): boolean {
  return isTensor(outputNamed(received, "OUT_B"), b);
}

function isTensor(output: unknown, { datatype, shape, data }: typeof a | typeof b): boolean {
  const values = field(output, "data");
  const isSame = field(output, "datatype") === datatype && String(field(output, "shape")) === String(shape);
  return isSame && Array.isArray(values) && values.flat(3).join() === data.join();
}

function hasBoth(received: RestReceived): boolean {
  return binaryOf(received, "OUT_A").equals(aBytes) && binaryOf(received, "OUT_B").equals(bBytes);
}

/** The bytes of an output behind the JSON; empty when there are none. */
function binaryOf(received: RestReceived, name: string): Buffer {
  let at = Number(received.headers.get("inference-header-content-length") ?? received.bytes.length);
  for (const output of outputs(received)) {
    const size = Number(field(field(output, "parameters"), "binary_data_size") ?? 0);
    if (field(output, "name") === name) return received.bytes.subarray(at, at + size);
    at += size;
  }
  return Buffer.alloc(0);
}
