/** gRPC checks of several tensors at once: which raw entry belongs to which. */
import { status } from "@grpc/grpc-js";
import type { Check, Subject } from "./check.ts";
import { type GrpcAnswer, type GrpcRow, grpcCheck } from "./grpc-exchange.ts";
import { a, aBytes, b, bBytes } from "./pair-requests.ts";

type Row = Omit<GrpcRow, "section" | "method" | "needs">;

const describedA = { name: a.name, datatype: a.datatype, shape: a.shape };
const describedB = { name: b.name, datatype: b.datatype, shape: b.shape };
const typedA = { ...describedA, contents: { fp32_contents: a.data } };
const typedB = { ...describedB, contents: { int64_contents: b.data } };
const refused = { code: status.INVALID_ARGUMENT };
const both = { holds: (answer: GrpcAnswer) => isOutput(answer, "OUT_A") && isOutput(answer, "OUT_B") && outputsOf(answer).length === 2 };
const rawBoth = [aBytes, bBytes];

const rows: readonly Row[] = [
  {
    id: "pair-raw",
    expected: "both outputs",
    request: asked({ inputs: [describedA, describedB], raw_input_contents: rawBoth }),
    wanted: both,
  },
  {
    id: "pair-raw-reversed",
    expected: "both outputs: entries are in the order of the inputs",
    request: asked({ inputs: [describedB, describedA], raw_input_contents: [bBytes, aBytes] }),
    wanted: both,
  },
  { id: "pair-typed", expected: "both outputs", request: asked({ inputs: [typedA, typedB] }), wanted: both },
  { id: "pair-typed-reversed", expected: "both outputs", request: asked({ inputs: [typedB, typedA] }), wanted: both },
  {
    id: "pair-first-output",
    expected: "OUT_A alone, as asked",
    request: asked({ inputs: [typedA, typedB], outputs: [{ name: "OUT_A" }] }),
    wanted: { holds: (answer) => isOutput(answer, "OUT_A") && outputsOf(answer).length === 1 },
  },
  {
    id: "pair-second-output",
    expected: "OUT_B alone, as asked, and one raw entry",
    request: asked({ inputs: [describedA, describedB], raw_input_contents: rawBoth, outputs: [{ name: "OUT_B" }] }),
    wanted: { holds: (answer) => isOutput(answer, "OUT_B") && outputsOf(answer).length === 1 },
  },
  {
    id: "pair-raw-exchanged",
    expected: "INVALID_ARGUMENT: each has the other's bytes",
    request: asked({ inputs: [describedA, describedB], raw_input_contents: [bBytes, aBytes] }),
    wanted: refused,
  },
  {
    id: "pair-raw-one",
    expected: "INVALID_ARGUMENT: one raw entry for two inputs",
    request: asked({ inputs: [describedA, describedB], raw_input_contents: [aBytes] }),
    wanted: refused,
  },
  {
    id: "pair-raw-and-typed",
    expected: "INVALID_ARGUMENT: A raw, B typed",
    request: asked({ inputs: [describedA, typedB], raw_input_contents: [aBytes] }),
    wanted: refused,
  },
  { id: "pair-one-input", expected: "INVALID_ARGUMENT: B is missing", request: asked({ inputs: [typedA] }), wanted: refused },
  { id: "pair-same-twice", expected: "INVALID_ARGUMENT: A comes twice", request: asked({ inputs: [typedA, typedA] }), wanted: refused },
  {
    id: "pair-metadata",
    expected: "two inputs and two outputs with their datatypes and shapes",
    request: ({ pair }) => ({ name: pair }),
    wanted: { holds: isDescribed },
  },
];

/** Every check of several tensors. */
export const pairGrpcChecks: readonly Check[] = rows.map((row) =>
  grpcCheck({
    ...row,
    section: "several tensors",
    method: row.id === "pair-metadata" ? "ModelMetadata" : "ModelInfer",
    needs: ({ pair }) => pair,
  }),
);

function asked(request: object): (subject: Subject) => GrpcAnswer {
  return ({ pair }) => ({ model_name: pair, ...request });
}

function outputsOf(answer: GrpcAnswer): readonly GrpcAnswer[] {
  return (answer["outputs"] ?? []) as readonly GrpcAnswer[];
}

/** Raw or typed, whichever the server answers. */
function isOutput(answer: GrpcAnswer, name: string): boolean {
  const outputs = outputsOf(answer);
  const index = outputs.findIndex((output) => output["name"] === name);
  const raw = (answer["raw_output_contents"] as readonly Buffer[])[index];
  const [tensor, bytes, contents] = name === "OUT_A" ? [a, aBytes, "fp32_contents"] : [b, bBytes, "int64_contents"];
  const output = outputs[index];
  if (!output || String(output["shape"]) !== String(tensor.shape) || output["datatype"] !== tensor.datatype) return false;
  if (raw) return raw.equals(bytes) && (answer["raw_output_contents"] as readonly Buffer[]).length === outputs.length;
  return String((output["contents"] as GrpcAnswer | null)?.[contents]) === String(tensor.data);
}

function isDescribed(answer: GrpcAnswer): boolean {
  const tensors = ["inputs", "outputs"].map((side) =>
    ((answer[side] ?? []) as readonly GrpcAnswer[])
      .map(({ name, datatype, shape }) => `${String(name)} ${String(datatype)} ${String(shape)}`)
      .toSorted()
      .join(", "),
  );
  return tensors.join("; ") === "A FP32 -1,-1, B INT64 -1; OUT_A FP32 -1,-1, OUT_B INT64 -1";
}
