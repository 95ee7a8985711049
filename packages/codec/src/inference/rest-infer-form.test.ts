import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FixedTensor } from "../tensor.ts";
import { type InferenceResponse, tensorOfInput } from "./inference-message.ts";
import { RestInferForm } from "./rest-infer-form.ts";
import { readRestInferRequest } from "./rest-infer-request.ts";
import { writeRestInferResponse } from "./rest-infer-response.ts";

/** A body and its header. */
interface Sent {
  readonly body: Buffer;
  readonly jsonLength: number | undefined;
}

type Reader = (body: Uint8Array, jsonLength: number | undefined) => ReturnType<typeof readRestInferRequest>;

/** All that a request says, with the elements of its tensors; or what is wrong with it. */
function outcome(read: Reader, { body, jsonLength }: Sent): unknown {
  try {
    const { inputs, ...rest } = read(body, jsonLength);
    return { ...rest, inputs: inputs.map(({ contents, ...input }) => ({ ...input, tensor: tensorOfInput({ ...input, contents }) })) };
  } catch (error) {
    return String(error);
  }
}

const sentOf = ({ body, jsonLength }: Sent): [Buffer, number | undefined] => [body, jsonLength];
const json = (text: string): Sent => ({ body: Buffer.from(text), jsonLength: undefined });
const literal = fc.oneof(
  fc.constantFrom("0", "-0", "1", "0.5", "1e3", "1e22", "-7", "0.1", "123456789012345", "1234567890123456789", "NaN", "x", "true", "[1]"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const lists = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant("0") }, { weight: 3, arbitrary: literal }), {
  minLength: 14,
  maxLength: 20,
});
const requests: fc.Arbitrary<Sent> = fc
  .record({
    name: fc.constantFrom("x", "ä"),
    datatype: fc.constantFrom("FP32", "FP64", "INT32", "UINT8", "INT64"),
    literals: lists,
    count: fc.constantFrom(16, 16, 16, 17),
    isDataFirst: fc.boolean(),
    blank: fc.constantFrom("", "", " "),
    more: fc.constantFrom("", "", ',"id":"a"', ',"parameters":{"binary_data_output":true}', ',"outputs":[{"name":"y"}]', ","),
  })
  .map(({ name, datatype, literals, count, isDataFirst, blank, more }) => {
    const data = `"data":${blank}[${literals.join(`${blank},`)}]`;
    const rest = `"name":"${name}","datatype":"${datatype}","shape":[${count}]`;
    return json(`{"inputs":[{${isDataFirst ? `${data},${rest}` : `${rest},${data}`}}]${more}}`);
  });

function binary(values: readonly number[], size = values.length * 4): Sent {
  const head = Buffer.from(
    JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [values.length], parameters: { binary_data_size: size } }] }),
  );
  return { body: Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)]), jsonLength: head.length };
}

const answer = (values: readonly number[], facts: Partial<InferenceResponse> = {}): InferenceResponse => {
  const output: FixedTensor = {
    name: "ü[",
    datatype: "FP32",
    shape: [values.length],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  };
  return { modelName: "m", modelVersion: "1", id: "", outputs: [output], ...facts };
};

describe("RestInferForm", () => {
  it("reads whatever comes as readRestInferRequest does, repeated or not", () => {
    fc.assert(
      fc.property(fc.array(requests, { maxLength: 8 }), (sent) => {
        const form = new RestInferForm();
        for (const one of sent.flatMap((each) => [each, each, each]))
          expect(outcome((body, length) => form.read(body, length), one)).toEqual(outcome(readRestInferRequest, one));
      }),
      { numRuns: 300 },
    );
  });

  it("reads lists that differ in their elements alone, whatever these are, as readRestInferRequest does", () => {
    const body = (literals: readonly string[]): Sent =>
      json(`{"inputs":[{"name":"x","datatype":"FP32","shape":[16],"data":[${literals.join(",")}]}]}`);
    const zeros = body(Array.from({ length: 16 }, () => "0"));
    fc.assert(
      fc.property(fc.array(lists, { maxLength: 8 }), (sent) => {
        const form = new RestInferForm();
        for (const one of [zeros, zeros, ...sent.map(body)])
          expect(outcome((text, length) => form.read(text, length), one)).toEqual(outcome(readRestInferRequest, one));
      }),
      { numRuns: 300 },
    );
  });

  it("takes no other list for the data of the input, whatever stands under that key", () => {
    const zeros = `[${Array.from({ length: 16 }, () => "0").join(",")}]`;
    const ones = zeros.replaceAll("0", "1");
    const text = `{"inputs":[{"parameters":{"data":${zeros}},"name":"x","datatype":"FP32","shape":[16],"d\\u0061ta":${zeros}}]}`;
    const form = new RestInferForm();
    for (const one of [text, text, text, text.replace(zeros, ones)].map(json))
      expect(outcome((body, length) => form.read(body, length), one)).toEqual(outcome(readRestInferRequest, one));
  });

  it("reads the numbers that Python writes, to the last bit of FP32, also those between two of them", () => {
    const body = (values: readonly string[]): Sent =>
      json(`{"inputs":[{"name":"x","datatype":"FP32","shape":[16],"data":[${values.join(",")}]}]}`);
    const near = fc.tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 })).map(([value, steps]) => {
      // Halfway to the next FP32 number, and a few of the smallest steps of a double off.
      const bits = new Int32Array(Float32Array.of(value).buffer);
      const next = new Float32Array(Int32Array.of((bits[0] ?? 0) + 1).buffer)[0] ?? 0;
      const middle = (value + next) / 2;
      return JSON.stringify(Number.isFinite(middle) ? middle * (1 + steps * 2 ** -52) : value);
    });
    const any = fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }).map((value) => JSON.stringify(value));
    const single = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));
    const digits = fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 21n }), fc.integer({ min: -40, max: 12 }))
      .map(([value, power]) => `${value}e${power}`);
    const list = fc.array(fc.oneof(near, any, single, digits), { minLength: 16, maxLength: 16 });
    const form = new RestInferForm();
    for (let count = 0; count < 2; count++) form.read(...sentOf(body(Array.from({ length: 16 }, () => "0.1"))));
    fc.assert(
      fc.property(list, (values) => {
        const one = body(values);
        expect(outcome((text, length) => form.read(text, length), one)).toEqual(outcome(readRestInferRequest, one));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads binary requests as readRestInferRequest does, also those whose length does not fit", () => {
    const form = new RestInferForm();
    const longer = { ...binary([1, 2]), body: Buffer.concat([binary([1, 2]).body, Buffer.from([0])]) };
    for (const one of [binary([1, 2]), binary([3, 4]), binary([5, 6]), longer, binary([1, 2], 4), binary([1, 2, 3]), binary([7, 8])])
      expect(outcome((body, length) => form.read(body, length), one)).toEqual(outcome(readRestInferRequest, one));
  });

  it("does not take a binary request for one like it whose header says otherwise", () => {
    const form = new RestInferForm();
    const sent = binary([1, 2]);
    for (let count = 0; count < 3; count++) form.read(sent.body, sent.jsonLength);
    expect(() => form.read(sent.body, undefined)).toThrow("is not UTF-8 text");
  });

  it("writes whatever is answered as writeRestInferResponse does, JSON or binary", () => {
    const form = new RestInferForm();
    const { body, jsonLength } = binary([1]);
    for (let count = 0; count < 2; count++) form.read(body, jsonLength);
    const named = { name: "other" };
    const answers = [
      answer([1, 2]),
      answer([1.5, -2]),
      answer([3, 4], { id: "a" }),
      answer([1, 2], { modelVersion: "2" }),
      answer([1, 2, 3]),
      { ...answer([1]), outputs: [...answer([1]).outputs, ...answer([2]).outputs] },
      { ...answer([1]), outputs: [{ ...named, datatype: "BYTES", shape: [1], elements: [Buffer.from("[]")] }] } satisfies InferenceResponse,
    ];
    for (const one of answers.flatMap((each) => [each, each, each]))
      for (const isBinary of [false, true]) {
        const expected = writeRestInferResponse(one, () => isBinary);
        const written = form.write(one, () => isBinary);
        expect([Buffer.from(written.bytes), written.jsonLength]).toEqual([Buffer.from(expected.bytes), expected.jsonLength]);
      }
  });

  it("keeps nothing of a body alive: a form is a copy", () => {
    const form = new RestInferForm();
    const first = binary([1, 2]);
    for (let count = 0; count < 2; count++) form.read(first.body, first.jsonLength);
    first.body.fill(0);
    const { inputs } = form.read(binary([3, 4]).body, first.jsonLength);
    expect(inputs.map((input) => tensorOfInput(input))).toMatchObject([{ name: "x", shape: [2] }]);
  });
});
