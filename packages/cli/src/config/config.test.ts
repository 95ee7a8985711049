import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordedLog } from "@modelyard/core/testing";
import { defaultLimits as defaultGatewayLimits } from "@modelyard/gateway";
import { defaultLimits as defaultWireLimits } from "@modelyard/wire";
import { describe, expect, it } from "vitest";
import { servingLimits } from "../programs/program-settings.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { isLoopback, warnOfCleartext } from "./check-security.ts";
import { configKeys, flagOf, variableOf } from "./keys.ts";
import { defaultDataDir, loadConfig } from "./load-config.ts";
import { type ConfigInputs, type ResolvedConfig, resolveConfig } from "./resolve-config.ts";
import { originsOf } from "./security-keys.ts";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

function resolved(inputs: Partial<ConfigInputs> = {}): ResolvedConfig {
  return resolveConfig({
    flags: {},
    environment: {},
    machine: { memoryBytes: 8 * 2 ** 30, dataDir: "/home/somebody/.local/share/modelyard" },
    workingDir: "/somewhere",
    ...inputs,
  });
}

const file = (content: Readonly<Record<string, unknown>>): ConfigInputs["file"] => ({ path: "/data/config.yaml", content });

describe("resolveConfig()", () => {
  it("takes the flag before the environment, that before the file, that before the default, and says so", () => {
    const { config, values } = resolved({
      flags: { port: "1" },
      environment: { MODELYARD_PORT: "2", MODELYARD_CONTROL_PORT: "3" },
      file: file({ port: 4, controlPort: 5, servingProcesses: 6 }),
    });
    expect(config).toMatchObject({ port: 1, controlPort: 3, servingProcesses: 6, address: "127.0.0.1", memoryBytes: 4 * 2 ** 30 });
    expect(Object.fromEntries(values.map((one) => [one.name, one.origin]))).toMatchObject({
      port: "--port",
      controlPort: "MODELYARD_CONTROL_PORT",
      servingProcesses: "servingProcesses in /data/config.yaml",
      address: "the default of address",
    });
  });

  it("is frozen", () => {
    expect(Object.isFrozen(resolved().config)).toBe(true);
  });

  it("makes the data folder absolute", () => {
    expect(resolved({ flags: { data: "here" } }).config.dataDir).toBe("/somewhere/here");
  });

  it.each([
    [{ flags: { port: "65536" } }, 'value --port is not valid: it is "65536", and a whole number from 0 to 65535 is wanted'],
    [{ environment: { MODELYARD_MEMORY: "much" } }, 'MODELYARD_MEMORY is not valid: it is "much", and a size of at least 1 MiB'],
    [{ file: file({ logLevel: "loud" }) }, "logLevel in /data/config.yaml is not valid"],
    [{ file: file({ port: [1] }) }, "it is [1], and a text or a number is wanted"],
    [{ file: file({ "control-port": 1 }) }, 'unknown key "control-port"'],
    [{ flags: { corsOrigins: "https://a.example/path" } }, 'a.example/path", and origins such as'],
    [{ flags: { port: "9" }, environment: { MODELYARD_CONTROL_PORT: "9" } }, "port 9 (--port) and controlPort 9 (MODELYARD_CONTROL_PORT)"],
    [{ flags: { data: "/one" }, file: file({ data: "/two" }) }, "data /one (--data) and data /two (data in /data/config.yaml)"],
  ] satisfies [Partial<ConfigInputs>, string][])("refuses %j", (inputs, message) => {
    expect(() => resolved(inputs)).toThrow(message);
  });

  it("takes the files of TLS from the working folder, and nothing for those that are not given", () => {
    const { config } = resolved({ flags: { tlsCert: "server.pem", tlsKey: "/keys/server.key" } });
    expect(config).toMatchObject({ tlsCertFile: "/somewhere/server.pem", tlsKeyFile: "/keys/server.key", tlsClientCaFile: "" });
  });

  it("says how an unknown key is written when it is nearly right", () => {
    expect(() => resolved({ file: file({ "control-port": 1 }) })).toThrow(expect.objectContaining({ hint: 'Write "controlPort"' }));
    expect(() => resolved({ file: file({ colour: 1 }) })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("known keys: data, address") }),
    );
  });

  it("refuses a metrics port that is another one's, but lets the one that nobody chose give way", () => {
    for (const key of ["port", "controlPort"]) {
      expect(() => resolved({ flags: { [key]: "2112", metricsPort: "2112" } })).toThrow(/2112.*metricsPort 2112 \(--metrics-port\)/);
      expect(resolved({ flags: { [key]: "2112" } }).config).toMatchObject({ [key]: 2_112, metricsPort: 2_112 });
    }
  });

  it("lets both ports be any free one", () => {
    expect(resolved({ flags: { port: "0", controlPort: "0" } }).config).toMatchObject({ port: 0, controlPort: 0 });
  });
});

const tls = { tlsCert: "/c", tlsKey: "/k" };
const mutualTls = { ...tls, tlsClientCa: "/ca", clientCertificates: "required" };

describe("the configuration of who may connect", () => {
  it("lets everybody of this machine in, and records nothing, by default", () => {
    const { clientCertificates, authentication, accessLog, corsOrigins } = resolved().config;
    expect([clientCertificates, authentication, accessLog, originsOf(corsOrigins)]).toEqual(["none", "none", "off", []]);
  });

  it("has origins as a list", () => {
    const { corsOrigins } = resolved({ flags: { corsOrigins: "https://a.example, http://b.example:8080" } }).config;
    expect(originsOf(corsOrigins)).toEqual(["https://a.example", "http://b.example:8080"]);
  });

  it.each([
    [{ tlsCert: "/c" }, "tlsCert /c (--tls-cert) and no tlsKey (the default of tlsKey) are of no use"],
    [{ tlsKey: "/k" }, "no tlsCert (the default of tlsCert) and tlsKey /k (--tls-key) are of no use"],
    [{ ...tls, clientCertificates: "optional" }, "clientCertificates optional (--client-certificates) and no tlsClientCa"],
    [{ tlsClientCa: "/ca", clientCertificates: "required" }, "clientCertificates required (--client-certificates) and no tlsCert"],
    [{ ...tls, tlsClientCa: "/ca" }, "tlsClientCa /ca (--tls-client-ca) and clientCertificates none (the default of clientCertificates)"],
  ])("refuses %j and says both names", (flags, message) => {
    expect(() => resolved({ flags })).toThrow(expect.objectContaining({ reason: "CONFIG_CONTRADICTION" }));
    expect(() => resolved({ flags })).toThrow(message);
  });

  it.each([{}, tls, { ...mutualTls, clientCertificates: "optional" }])("refuses an address beyond loopback with %j", (flags) => {
    expect(() => resolved({ flags: { address: "0.0.0.0", ...flags } })).toThrow(
      expect.objectContaining({ reason: "ADDRESS_REFUSED", hint: expect.stringContaining("--authentication required") }),
    );
  });

  it.each([mutualTls, { authentication: "required" }])("allows an address beyond loopback with %j", (flags) => {
    expect(resolved({ flags: { address: "0.0.0.0", ...flags } }).config.address).toBe("0.0.0.0");
  });

  it("is warned of where keys would travel in cleartext beyond this machine", () => {
    const warned = (flags: Readonly<Record<string, string>>): number => {
      const { log, records } = recordedLog();
      warnOfCleartext(resolved({ flags }).config, log);
      return records.length;
    };
    const open = { address: "0.0.0.0", authentication: "required" };
    expect([open, { ...open, ...tls }, { authentication: "required" }, { address: "0.0.0.0", ...mutualTls }].map(warned)).toEqual([
      1, 0, 0, 0,
    ]);
  });
});

describe("the default limits", () => {
  it("are those of the parts that keep them", () => {
    const { gatewayLimits, wireLimits } = servingLimits(resolved().config);
    expect(defaultGatewayLimits).toMatchObject(gatewayLimits);
    expect(defaultWireLimits).toMatchObject(wireLimits);
  });
});

describe("loadConfig()", () => {
  it("reads config.yaml of the data folder, or the file that --config names", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "config.yaml"), "port: 1234\nmemory: 64MiB\n");
    writeFileSync(join(dir, "other.yaml"), "port: 4321\n");
    expect(loadConfig({ data: dir }).config).toMatchObject({ dataDir: dir, port: 1234, memoryBytes: 64 * 2 ** 20 });
    expect(loadConfig({ data: dir, config: join(dir, "other.yaml") }).config).toMatchObject({ dataDir: dir, port: 4321 });
  });

  it("refuses a file that is no YAML mapping, and one that is not there though it was named", () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "config.yaml"), "- port\n");
    expect(() => loadConfig({ data: dir })).toThrow("it is not a mapping of keys to values");
    expect(() => loadConfig({ data: dir, config: join(dir, "absent.yaml") })).toThrow("there is no such file");
  });
});

describe("defaultDataDir()", () => {
  it("is in the clone of the repository, from any folder of it, and else in the home folder", () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, "packages", "cli"), { recursive: true });
    writeFileSync(join(dir, "package.json"), '{"name":"modelyard-repository"}');
    writeFileSync(join(dir, "packages", "package.json"), '{"name":"other"}');
    expect(defaultDataDir(join(dir, "packages", "cli"), "/home/somebody")).toBe(join(dir, ".modelyard"));
    expect(defaultDataDir(temporaryFolder(), "/home/somebody")).toBe("/home/somebody/.local/share/modelyard");
  });
});

describe("units", () => {
  it.each([
    ["512MiB", 512 * 2 ** 20],
    ["2Gi", 2 ** 31],
    ["1.5GB", 1.5e9],
    ["1048576", 2 ** 20],
    ["10 k", 10_000],
    ["-1", undefined],
    ["1XB", undefined],
    ["", undefined],
  ])("read the size %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    ["120s", 120_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["2h", 7_200_000],
    ["90", 90_000],
    ["0.5s", 500],
    ["soon", undefined],
    ["1s later", undefined],
  ])("read the duration %s", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it("are written so that they are read as the same value", () => {
    for (const bytes of [0, 1, 512, 2 ** 10, 1.5 * 2 ** 30, 12 * 2 ** 40]) expect(parseBytes(formatBytes(bytes))).toBe(bytes);
    for (const durationMs of [0, 1, 999, 1_000, 90_000, 120_000]) expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
  });
});

describe("configKeys", () => {
  it("have a flag and a variable derived from their name", () => {
    expect(flagOf("controlPort")).toBe("--control-port");
    expect(variableOf("controlPort")).toBe("MODELYARD_CONTROL_PORT");
  });

  it("accept their own defaults, as they are shown", () => {
    const machine = { memoryBytes: 2 ** 33, dataDir: "/data" };
    for (const key of Object.values(configKeys)) {
      const value = key.defaultOf(machine);
      const format: (value: never) => string = key.format;
      expect(key.parse(format(value as never))).toBe(value);
    }
  });
});

describe("isLoopback()", () => {
  it("is true for addresses that only this machine reaches", () => {
    expect(["127.0.0.1", "127.8.9.1", "::1", "localhost"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "example.com"].some(isLoopback)).toBe(false);
  });
});
