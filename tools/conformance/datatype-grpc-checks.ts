/** gRPC checks of every datatype, by models that give back what they get: raw and typed contents, and what each has to refuse. */
import { status } from "@grpc/grpc-js";
import type { Check, Subject } from "./check.ts";
import { type DatatypeFacts, datatypeFacts, otherField } from "./datatypes.ts";
import { type GrpcAnswer, type GrpcRow, grpcCheck } from "./grpc-exchange.ts";

const refused = { code: status.INVALID_ARGUMENT };

type Row = Omit<GrpcRow, "section" | "needs" | "method">;

/** Every gRPC check of datatypes. */
export const datatypeGrpcChecks: readonly Check[] = datatypeFacts.flatMap((facts) =>
  [...rawRows(facts), ...typedRows(facts), ...outOfRangeRows(facts)].map((row) =>
    grpcCheck({ ours: facts.ours, ...row, section: "datatypes", method: "ModelInfer", needs: (subject) => subject.identity(facts.name) }),
  ),
);

function rawRows(facts: DatatypeFacts): readonly Row[] {
  const { bytes } = facts;
  const id = facts.name.toLowerCase();
  const raw = (contents: Buffer): Row["request"] => request(facts, {}, [contents]);
  return [
    {
      id: `raw-${id}`,
      expected: `the same ${facts.name} bytes`,
      request: raw(bytes),
      wanted: { holds: (answer) => rawOf(answer)?.equals(bytes) ?? false },
    },
    { id: `raw-short-${id}`, expected: "INVALID_ARGUMENT: a byte is missing", request: raw(bytes.subarray(0, -1)), wanted: refused },
    {
      id: `raw-long-${id}`,
      expected: "INVALID_ARGUMENT: a byte too many",
      request: raw(Buffer.concat([bytes, Buffer.from([0])])),
      wanted: refused,
    },
  ];
}

function typedRows(facts: DatatypeFacts): readonly Row[] {
  const { name, field, values } = facts;
  const id = name.toLowerCase();
  const other = otherField(facts);
  const otherElements = values.map(() => other.value);
  const foreign: Row = {
    id: `other-field-${id}`,
    expected: `INVALID_ARGUMENT: ${other.name} does not carry ${name}`,
    request: request(facts, { [other.name]: otherElements }),
    wanted: refused,
  };
  if (field === undefined) return [foreign];
  const elements = name === "BYTES" ? values.map((text) => Buffer.from(String(text))) : values;
  return [
    foreign,
    {
      id: `typed-${id}`,
      expected: `the same ${name} values`,
      request: request(facts, { [field]: elements }),
      wanted: { holds: (answer) => sameTyped(answer, facts) },
    },
    {
      id: `typed-few-${id}`,
      expected: "INVALID_ARGUMENT: an element is missing",
      request: request(facts, { [field]: elements.slice(1) }),
      wanted: refused,
    },
    {
      id: `typed-two-fields-${id}`,
      ours: "the protocol does not say that the other fields have to be empty; Triton refuses it",
      expected: "INVALID_ARGUMENT: two fields of contents are set",
      request: request(facts, { [field]: elements, [other.name]: [other.value] }),
      wanted: refused,
    },
  ];
}

function outOfRangeRows(facts: DatatypeFacts): readonly Row[] {
  const { name, field = "", values, typedOutOfRange } = facts;
  return typedOutOfRange.map((value) => ({
    id: `typed-${name.toLowerCase()}-${value}`,
    ours: "the protocol does not say what a number is that its datatype cannot hold",
    expected: `INVALID_ARGUMENT: ${value} is no ${name}`,
    request: request(facts, { [field]: [value, ...values.slice(1)] }),
    wanted: refused,
  }));
}

function request({ name, values }: DatatypeFacts, contents: object, raw: readonly Buffer[] = []): (subject: Subject) => GrpcAnswer {
  const input = { name: "IN", datatype: name, shape: [values.length] };
  const inputs = [raw.length > 0 ? input : { ...input, contents }];
  return (subject) => ({ model_name: subject.identity(name), inputs, raw_input_contents: raw });
}

function rawOf(answer: GrpcAnswer): Buffer | undefined {
  return (answer["raw_output_contents"] as readonly Buffer[])[0];
}

/** A server may answer raw to a typed request: both forms carry the values. */
function sameTyped(answer: GrpcAnswer, { field = "", values, bytes }: DatatypeFacts): boolean {
  const raw = rawOf(answer);
  if (raw) return raw.equals(bytes);
  const [output] = answer["outputs"] as readonly { readonly contents?: Readonly<Record<string, readonly unknown[]>> }[];
  const got = output?.contents?.[field] ?? [];
  return JSON.stringify(got.map(String)) === JSON.stringify(values.map(String));
}
