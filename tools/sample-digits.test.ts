import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { checkModel, graphSignature, parseModel } from "@modelyard/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";

interface CaseTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly number[];
}

interface Case {
  readonly id: string;
  readonly inputs: readonly [CaseTensor];
  readonly outputs: readonly [CaseTensor, CaseTensor];
  readonly tolerance: { readonly abs: number; readonly rel: number };
  readonly source: string;
  readonly argmax: number;
}

interface Manifest {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly parameters: number;
  readonly heldOutRows: number;
  readonly heldOutRight: number;
}

function sample(name: string): Buffer {
  return readFileSync(new URL(`../samples/digits/${name}`, import.meta.url));
}

const bytes = sample("digits.onnx");
const cases = JSON.parse(sample("cases.json").toString()) as readonly Case[];
const manifest = JSON.parse(sample("manifest.json").toString()) as Manifest;

/** Pixels of a PNG of 8-bit grey without interlacing, row by row. Source: the PNG specification, §5, §9. */
function greyPixels(png: Buffer): readonly number[] {
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  expect([...png.subarray(24, 29)]).toEqual([8, 0, 0, 0, 0]);
  const filtered = inflateSync(Buffer.concat(data));
  const pixels: number[] = [];
  for (let row = 0; row < height; row++) {
    const filter = filtered[row * (width + 1)] ?? 0;
    for (let column = 0; column < width; column++) {
      const left = column === 0 ? 0 : (pixels[row * width + column - 1] ?? 0);
      const up = row === 0 ? 0 : (pixels[(row - 1) * width + column] ?? 0);
      const corner = row === 0 || column === 0 ? 0 : (pixels[(row - 1) * width + column - 1] ?? 0);
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? Number.NaN;
      pixels.push(((filtered[row * (width + 1) + 1 + column] ?? 0) + predicted) & 255);
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const distances = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  return [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0;
}

describe("the sample model", () => {
  it("is the one its manifest and its page describe: under 200,000 bytes, at least 97 % right on held-out rows", () => {
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(manifest.sha256);
    expect(bytes.length).toBe(manifest.sizeBytes);
    expect(bytes.length).toBeLessThan(200_000);
    expect(manifest.heldOutRight / manifest.heldOutRows).toBeGreaterThanOrEqual(0.97);
    const page = sample("README.md").toString();
    for (const value of [manifest.sizeBytes, manifest.parameters]) expect(page).toContain(value.toLocaleString("en-US"));
    expect(page).toContain(`${manifest.heldOutRight} of ${manifest.heldOutRows}`);
  });

  it("is sound and takes any number of 8 x 8 pictures", () => {
    const model = parseModel(bytes);
    expect(checkModel(model)).toEqual([]);
    expect(graphSignature(model)).toEqual({
      inputs: [{ kind: "tensor", name: "image", datatype: "FP32", shape: [-1, 1, 8, 8] }],
      outputs: [
        { kind: "tensor", name: "probabilities", datatype: "FP32", shape: [-1, 10] },
        { kind: "tensor", name: "label", datatype: "INT64", shape: [-1] },
      ],
      findings: [],
    });
  });

  it("answers its 20 cases within tolerance, one by one and as a batch", async () => {
    const session = await InferenceSession.create(bytes);
    expect(cases).toHaveLength(20);
    const all = await answer(session, cases);
    for (const [index, one] of cases.entries()) {
      const [probabilities, label] = one.outputs;
      const alone = await answer(session, [one]);
      for (const given of [alone.probabilities, all.probabilities.slice(index * 10, index * 10 + 10)]) {
        const wrong = given.filter((value, digit) => !isWithin(value, probabilities.data[digit] ?? Number.NaN, one.tolerance));
        expect(wrong, one.id).toEqual([]);
      }
      expect([alone.labels[0], all.labels[index], one.argmax], one.id).toEqual([
        BigInt(label.data[0] ?? -1),
        BigInt(label.data[0] ?? -1),
        label.data[0],
      ]);
    }
  });

  it("has a picture for each case, with the same pixels", () => {
    for (const { id, inputs } of cases) expect(greyPixels(sample(`${id}.png`)), id).toEqual(inputs[0].data);
  });

  it("reads the digit that was written in every case", () => {
    expect(cases.filter(({ source, argmax }) => !source.includes(`a handwritten ${argmax};`))).toEqual([]);
  });
});

interface Answer {
  readonly probabilities: readonly number[];
  readonly labels: readonly bigint[];
}

async function answer(session: InferenceSession, asked: readonly Case[]): Promise<Answer> {
  const pixels = asked.flatMap(({ inputs }) => inputs[0].data);
  const outputs = await session.run({ image: new Tensor("float32", pixels, [asked.length, 1, 8, 8]) });
  const { probabilities, label } = outputs;
  if (!(probabilities?.data instanceof Float32Array) || !(label?.data instanceof BigInt64Array))
    throw new Error("the outputs are not FP32 and INT64");
  return { probabilities: [...probabilities.data], labels: [...label.data] };
}

function isWithin(value: number, expected: number, { abs, rel }: Case["tolerance"]): boolean {
  return Math.abs(value - expected) <= abs + rel * Math.abs(expected);
}
