import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ModelMetadata, TensorMetadata } from "../input/model-metadata.ts";
import { curlLine } from "./curl-line.ts";

function model(...inputs: readonly TensorMetadata[]): ModelMetadata {
  return { name: "m", versions: ["1"], platform: "p", inputs, outputs: [] };
}

/** What a shell sends when the line is pasted: `curl` is a function that prints what it was given. */
function sent(line: string, shell: string): unknown {
  const script = `curl() { while [ $# -gt 0 ]; do case "$1" in -d) printf '%s' "$2" ;; --data-binary) cat ;; esac; shift; done; }\n${line}`;
  return JSON.parse(execFileSync(shell, ["-c", script], { encoding: "utf8" }));
}

describe("curlLine()", () => {
  it("writes few elements out, free sizes as 1", () => {
    const line = curlLine("http://127.0.0.1:8033/v2/models/m", model({ name: "x", datatype: "FP32", shape: [-1, 3] }));
    expect(line).toBe(
      `curl -sS -H 'content-type: application/json' -d '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[0,0,0]}]}' http://127.0.0.1:8033/v2/models/m/infer`,
    );
  });

  it("has the options its server needs", () => {
    const options = ["--cacert /data/server.pem", '-H "authorization: Bearer $KEY"'];
    const few = curlLine("https://h/v2/models/m", model({ name: "x", datatype: "FP32", shape: [1] }), options);
    expect(few).toMatch(/ --cacert \/data\/server.pem -H "authorization: Bearer \$KEY" https:\/\/h\/v2\/models\/m\/infer$/);
    const many = curlLine("https://h/v2/models/m", model({ name: "x", datatype: "FP32", shape: [100] }), options);
    expect(sent(many, "sh")).toMatchObject({ inputs: [{ shape: [100] }] });
    expect(many).toContain(' -H "authorization: Bearer $KEY" https://h/');
  });

  it("lets the shell make many", () => {
    const line = curlLine("http://127.0.0.1:8033/v2/models/m", model({ name: "x", datatype: "FP32", shape: [1, 3, 224, 224] }));
    expect(line.length).toBeLessThan(300);
    expect(sent(line, "sh")).toEqual({ inputs: [{ name: "x", shape: [1, 3, 224, 224], datatype: "FP32", data: Array(150_528).fill(0) }] });
  });

  it.each(["sh", "bash"])("survives every name, and gives valid values of each datatype, in %s", (shell) => {
    const name = `it's "100%" of $HOME \\n \`x\``;
    const few = model(
      { name, datatype: "BYTES", shape: [2] },
      { name: "b", datatype: "BOOL", shape: [1] },
      { name: "none", datatype: "INT8", shape: [0] },
    );
    expect(sent(curlLine("http://h/v2/models/it's", few), shell)).toEqual({
      inputs: [
        { name, shape: [2], datatype: "BYTES", data: ["a", "a"] },
        { name: "b", shape: [1], datatype: "BOOL", data: [true] },
        { name: "none", shape: [0], datatype: "INT8", data: [] },
      ],
    });
    const many = model(
      { name, datatype: "BYTES", shape: [100] },
      { name: "b", datatype: "BOOL", shape: [1] },
      { name: "none", datatype: "INT8", shape: [0] },
    );
    expect(sent(curlLine("http://h/v2/models/it's", many), shell)).toEqual({
      inputs: [
        { name, shape: [100], datatype: "BYTES", data: Array(100).fill("a") },
        { name: "b", shape: [1], datatype: "BOOL", data: [true] },
        { name: "none", shape: [0], datatype: "INT8", data: [] },
      ],
    });
  });
});
