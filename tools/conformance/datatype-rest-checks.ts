/** REST checks of every datatype, by models that give back what they get: each way in, each way out, and what each has to refuse. */
import type { Check, Subject } from "./check.ts";
import { type DatatypeFacts, datatypeFacts } from "./datatypes.ts";
import { field, hasError, type RestReceived, type RestRow, type RestSent, restCheck } from "./rest-exchange.ts";

const tooMuch = Buffer.from([0]);
const refused = { status: 400, holds: hasError };

type Row = Omit<RestRow, "section" | "needs">;

/** Every REST check of datatypes. */
export const datatypeRestChecks: readonly Check[] = datatypeFacts.flatMap((facts) =>
  [...rightRows(facts), ...wrongRows(facts), ...outOfRangeRows(facts)].map((row) =>
    restCheck({
      ...row,
      section: "datatypes",
      ours: facts.ours,
      extension: row.id.startsWith("binary") ? "binary_tensor_data" : undefined,
      needs: (subject) => subject.identity(facts.name),
    }),
  ),
);

function rightRows(facts: DatatypeFacts): readonly Row[] {
  const { name, values, bytes } = facts;
  const id = name.toLowerCase();
  return [
    {
      id: `metadata-${id}`,
      expected: `IN and OUT are ${name} [-1]`,
      sent: (subject) => ({ path: `/v2/models/${subject.identity(name)}` }),
      wanted: { status: 200, holds: (received) => describes(received, name) },
    },
    { id: `json-${id}`, expected: `the same ${name} values`, sent: json(facts, JSON.stringify(values)), wanted: asJson(facts) },
    {
      id: `binary-${id}`,
      expected: `the same ${name} bytes`,
      sent: binary(facts, { body: bytes, isBinaryOut: true }),
      wanted: { status: 200, holds: (received) => tailOf(received).equals(bytes) },
    },
    {
      id: `binary-to-json-${id}`,
      expected: `${name} values as JSON`,
      sent: binary(facts, { body: bytes, isBinaryOut: false }),
      wanted: asJson(facts),
    },
  ];
}

function wrongRows(facts: DatatypeFacts): readonly Row[] {
  const { name, values, bytes } = facts;
  const id = name.toLowerCase();
  const short = binary(facts, { body: bytes.subarray(0, -1), isBinaryOut: true });
  const long = binary(facts, { body: Buffer.concat([bytes, tooMuch]), isBinaryOut: true });
  const otherKind = JSON.stringify(values.map(() => (name === "BYTES" ? { a: 1 } : "seven")));
  const withNull = `[null${",0".repeat(values.length - 1)}]`;
  return [
    { id: `binary-short-${id}`, expected: "400: a byte is missing", sent: short, wanted: refused },
    { id: `binary-long-${id}`, expected: "400: a byte too many", sent: long, wanted: refused },
    { id: `json-null-${id}`, expected: "400: null is no element", sent: json(facts, withNull), wanted: refused },
    { id: `json-kind-${id}`, expected: "400: an element of another kind", sent: json(facts, otherKind), wanted: refused },
  ];
}

function outOfRangeRows(facts: DatatypeFacts): readonly Row[] {
  const { name, values, outOfRange } = facts;
  return outOfRange.map((literal) => ({
    id: `json-${name.toLowerCase()}-${literal}`,
    expected: `400: ${literal} is no ${name}`,
    sent: json(facts, `[${[literal, ...values.slice(1)].join(",")}]`),
    wanted: refused,
  }));
}

/** The protocol leaves open whether JSON carries 16-bit floats: right values or a refusal, never wrong values. */
function asJson({ field: typedField, values }: DatatypeFacts): Row["wanted"] {
  if (typedField !== undefined) return { status: 200, holds: (received) => sameValues(received, values) };
  return { status: [200, 400], holds: (received) => (received.status === 200 ? sameValues(received, values) : hasError(received)) };
}

function describes({ json: body }: RestReceived, datatype: string): boolean {
  return ["inputs", "outputs"].every((side) => {
    const [tensor] = (field(body, side) ?? []) as readonly unknown[];
    return field(tensor, "datatype") === datatype && String(field(tensor, "shape")) === "-1";
  });
}

function json({ name, values }: DatatypeFacts, literals: string): (subject: Subject) => RestSent {
  const body = `{"inputs":[{"name":"IN","shape":[${values.length}],"datatype":"${name}","data":${literals}}]}`;
  return (subject) => ({ path: `/v2/models/${subject.identity(name)}/infer`, method: "POST", body });
}

function binary(
  { name, values }: DatatypeFacts,
  { body, isBinaryOut }: { readonly body: Buffer; readonly isBinaryOut: boolean },
): (subject: Subject) => RestSent {
  const input = { name: "IN", shape: [values.length], datatype: name, parameters: { binary_data_size: body.length } };
  const head = Buffer.from(JSON.stringify({ inputs: [input], outputs: [{ name: "OUT", parameters: { binary_data: isBinaryOut } }] }));
  const headers = { "inference-header-content-length": String(head.length), "content-type": "application/octet-stream" };
  const sent = { method: "POST", headers, body: Buffer.concat([head, body]) };
  return (subject) => ({ ...sent, path: `/v2/models/${subject.identity(name)}/infer` });
}

function tailOf({ headers, bytes }: RestReceived): Buffer {
  return bytes.subarray(Number(headers.get("inference-header-content-length") ?? bytes.length));
}

function sameValues({ json: body }: RestReceived, values: DatatypeFacts["values"]): boolean {
  const [output] = (field(body, "outputs") ?? []) as readonly unknown[];
  return JSON.stringify(field(output, "data")) === JSON.stringify(values);
}
