/** A server's answer to an inference. */
import { failure } from "@modelyard/core";
import { isRecord } from "../input/model-metadata.ts";

/** One output. */
export interface PredictedOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Flat: numbers, the words NaN, Infinity and -Infinity, booleans or strings. */
  readonly data: readonly unknown[];
}

/** An answer. */
export interface Prediction {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly outputs: readonly PredictedOutput[];
  /** As the server sent it. */
  readonly json: string;
}

/** Reads an answer. Numbers JSON has no form for are written as bare words by servers of this protocol; they are read as strings. */
export function parsePrediction(json: string): Prediction {
  const quoted = json.replaceAll(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (found) => (found.startsWith('"') ? found : `"${found}"`));
  const value = parse(quoted);
  if (!isRecord(value) || !Array.isArray(value["outputs"])) {
    throw failure("SERVER_FAILED", { status: 200, why: "the answer is no answer of the inference protocol" });
  }
  const outputs = value["outputs"].filter(isRecord).map((output): PredictedOutput => {
    const { name, datatype, shape, data } = {
      name: output["name"],
      datatype: output["datatype"],
      shape: output["shape"],
      data: output["data"],
    };
    return {
      name: textOf(name),
      datatype: textOf(datatype),
      shape: Array.isArray(shape) ? shape.map(Number) : [],
      data: Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [],
    };
  });
  return { modelName: textOf(value["model_name"]), modelVersion: textOf(value["model_version"]), outputs, json };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure("SERVER_FAILED", { status: 200, why: "the answer is not JSON" }, { cause: error });
  }
}
