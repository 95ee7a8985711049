import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { startModelyard } from "./index.ts";
import { metricHelp } from "./supervisor/metric-help.ts";
import { repositoryRoot, sampleModel, startServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8"));

/** A line of the text format, as its specification has it. */
const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-zA-Z_]+="([^"\\]|\\.)*",?)*\})? (NaN|[+-]Inf|[-+.\de]+))$/;

describe("the metrics of a server", () => {
  it("count the requests and loads of each process, under names that have a meaning", async () => {
    const server = await startServer();
    await server.json(["deploy", sampleModel]);
    const url = `${server.ready.data}/v2/models/digits/infer`;
    for (let index = 0; index < 3; index++) {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify({ inputs: known.inputs }) });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    const text = await (await fetch(server.ready.metrics ?? "")).text();
    expect(
      text
        .trimEnd()
        .split("\n")
        .filter((one) => !line.test(one)),
    ).toEqual([]);
    expect(text).toMatch(/^modelyard_requests_total\{code="OK",method="infer",process="serving-0",protocol="rest"\} 3$/m);
    expect(text).toMatch(/^modelmesh_loadmodel_milliseconds_count\{process="serving-0"\} 1$/m);
    expect(text).toMatch(/^modelmesh_loaded_model_size_bytes_count\{process="serving-0"\} 1$/m);
    expect(text).toMatch(/^modelyard_reconciliations_total\{process="control",reconciler="[^"]+"\} \d+$/m);
    for (const process of ["supervisor", "control", "serving-0"]) {
      expect(text).toMatch(new RegExp(`^process_cpu_seconds_total\\{process="${process}"\\} [\\d.]+$`, "m"));
    }
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
    expect(names.filter((name) => metricHelp[name] === undefined)).toEqual([]);
    const doctor = await server.json(["doctor"]);
    expect(doctor).toMatchObject({ metrics: server.ready.metrics });
    expect(doctor["checks"]).toContainEqual({ name: "metrics port", state: "ok", found: server.ready.metrics });
  });

  it("are there for an embedded server that is given a port", async () => {
    const server = await startModelyard({ dataDir: temporaryFolder(), port: 0, controlPort: 0, metricsPort: 0 });
    onTestFinished(() => server.close());
    const text = await (await fetch(server.metricsUrl ?? "")).text();
    expect(text).toMatch(/^process_resident_memory_bytes\{process="modelyard"\} \d+$/m);
    expect(text).toMatch(/^modelmesh_instance_capacity_bytes\{process="serving-0"\} \d+$/m);
    await server.close();
    await expect(fetch(server.metricsUrl ?? "")).rejects.toThrow();
  });
});
