/** The known answers of MNIST and of simple_string, in four encodings. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSimpleString } from "../../build-simple-string.ts";
import { connect, type Encoding, encodings } from "../harness/clients.ts";
import { startServer } from "../harness/server.ts";
import { difference, type KnownCase, readCases, sharedModel } from "../harness/shared-data.ts";
import type { Measurement, PointContext } from "../point.ts";

export async function measure({ folder }: PointContext): Promise<Measurement> {
  const server = await startServer(join(folder, "data"));
  const strings = join(folder, "simple_string.onnx");
  writeFileSync(strings, buildSimpleString());
  try {
    await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", "mnist"]);
    await server.json(["deploy", strings, "--name", "simple_string"]);
    const mnist = await answers(server.ready.data, { model: "mnist", cases: readCases(sharedModel("mnist/cases.json")) });
    const text = await answers(server.ready.data, { model: "simple_string", cases: readCases(sharedModel("simple_string/cases.json")) });
    const wrong = [...mnist.wrong, ...text.wrong];
    const measured = `mnist ${mnist.right} of ${mnist.sent} right, simple_string ${text.right} of ${text.sent} right`;
    return { measured, holds: wrong.length === 0 && mnist.sent === 36 && text.sent === 8, details: wrong };
  } finally {
    await server.stop();
  }
}

/** Sends every case in every encoding (or those named) and compares the answers. */
export async function answers(
  address: string,
  asked: { readonly model: string; readonly cases: readonly KnownCase[]; readonly encodings?: readonly Encoding[] },
): Promise<{ readonly sent: number; readonly right: number; readonly wrong: readonly string[] }> {
  const clients = connect(address);
  const wrong: string[] = [];
  const chosen = asked.encodings ?? encodings;
  try {
    for (const encoding of chosen) {
      for (const known of asked.cases) {
        const problem = difference(known, await clients.infer[encoding](asked.model, known.inputs));
        if (problem) wrong.push(`${encoding}: ${problem}`);
      }
    }
  } finally {
    clients.close();
  }
  const sent = chosen.length * asked.cases.length;
  return { sent, right: sent - wrong.length, wrong };
}
