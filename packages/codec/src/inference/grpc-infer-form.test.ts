import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FixedTensor } from "../tensor.ts";
import { GrpcInferForm } from "./grpc-infer-form.ts";
import { readGrpcInferRequest } from "./grpc-infer-request.ts";
import { writeGrpcInferResponse } from "./grpc-infer-response.ts";
import type { InferenceResponse } from "./inference-message.ts";

const tensor = (name: string, values: readonly number[], shape: readonly number[] = [values.length]): FixedTensor => ({
  name,
  datatype: "FP32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

const answer = (facts: Partial<InferenceResponse> = {}): InferenceResponse => ({
  modelName: "m",
  modelVersion: "1",
  id: "",
  outputs: [tensor("y", [1, 2, 3])],
  ...facts,
});

/** Field 5 of an answer is its outputs, that of a request its inputs; the raw contents have other numbers: 6 and 7. */
function requestLike(response: InferenceResponse): Uint8Array {
  const message = new Uint8Array(writeGrpcInferResponse(response, { isRaw: true }));
  const rawBytes = response.outputs.map((output) => ("bytes" in output ? output.bytes.length : 0));
  let at = message.length;
  for (const size of rawBytes.toReversed()) {
    at -= size + 2;
    message[at] = 0x3a;
  }
  return message;
}

const small = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 6 });
const text = fc.constantFrom("", "a", "b", "ä");
const responses = fc
  .record({
    modelName: text,
    modelVersion: text,
    id: text,
    names: fc.array(text, { minLength: 1, maxLength: 2 }),
    values: small,
    isFlat: fc.boolean(),
  })
  .map(({ names, values, isFlat, ...facts }) =>
    answer({ ...facts, outputs: names.map((name) => tensor(name, values, isFlat ? [values.length] : [1, values.length])) }),
  );

describe("GrpcInferForm", () => {
  it("reads whatever comes as readGrpcInferRequest does, repeated or not", () => {
    fc.assert(
      fc.property(fc.array(responses, { maxLength: 12 }), (sent) => {
        const form = new GrpcInferForm(0);
        for (const message of sent.flatMap((one) => [requestLike(one), requestLike(one)]))
          expect(form.read(message)).toEqual(readGrpcInferRequest(message));
      }),
    );
  });

  it("writes whatever is answered as writeGrpcInferResponse does, repeated or not, raw or typed, with headroom or without", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(responses, fc.boolean()), { maxLength: 12 }), fc.constantFrom(0, 5), (given, headroomBytes) => {
        const form = new GrpcInferForm(headroomBytes);
        for (const [response, isRaw] of given.flatMap((one) => [one, one, one])) {
          const options = { isRaw, headroomBytes };
          const written = form.write(response, isRaw).subarray(headroomBytes);
          expect(Buffer.from(written)).toEqual(Buffer.from(writeGrpcInferResponse(response, options).subarray(headroomBytes)));
        }
      }),
    );
  });

  it("gives each repeated request its own contents, as views of its message", () => {
    const form = new GrpcInferForm(0);
    const messages = [1, 2, 3, 4].map((value) => requestLike(answer({ outputs: [tensor("x", [value])] })));
    const values = messages.map((message) => {
      const [input] = form.read(message).inputs;
      if (input?.contents.kind !== "raw") throw new Error("the contents are raw");
      expect(input.contents.bytes.buffer).toBe(message.buffer);
      return new Float32Array(new Uint8Array(input.contents.bytes).buffer)[0];
    });
    expect(values).toEqual([1, 2, 3, 4]);
  });

  it("refuses what readGrpcInferRequest refuses, after requests that were well formed", () => {
    const form = new GrpcInferForm(0);
    const good = requestLike(answer());
    form.read(good);
    form.read(good);
    expect(() => form.read(good.subarray(0, good.length - 1))).toThrow("the message ends in the middle");
  });

  it("gives each repeated answer memory of its own", () => {
    const form = new GrpcInferForm(0);
    const write = (value: number): Uint8Array => form.write(answer({ outputs: [tensor("y", [value])] }), true);
    const written = [1, 2, 3, 4].map(write);
    expect(written.map((message) => new Float32Array(new Uint8Array(message.subarray(-4)).buffer)[0])).toEqual([1, 2, 3, 4]);
  });

  it("keeps nothing alive of the messages and answers that it has seen", async () => {
    const form = new GrpcInferForm(0);
    const seen = [1, 2, 3].flatMap((value) => show(form, value));
    // What a turn of the event loop held is let go of with it.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(seen.map((one) => one.deref())).toEqual(seen.map(() => undefined));
    expect(form.read(requestLike(answer({ outputs: [tensor("x", [4])] }))).modelName).toBe("m");
  });
});

/** Reads and writes once; what it was given can be collected unless the form keeps it. */
function show(form: GrpcInferForm, value: number): readonly WeakRef<object>[] {
  const output = tensor("x", [value]);
  const response = answer({ outputs: [output] });
  const message = requestLike(response);
  form.read(message);
  form.write(response, true);
  return [new WeakRef(message.buffer), new WeakRef(output.bytes.buffer)];
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  // The flag has its effect in contexts that are made after it.
  const collect = runInNewContext("gc") as () => void;
  collect();
}
