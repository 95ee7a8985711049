import { connect } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { failure, silentLog } from "@modelyard/core";
import { fakeClock, recordedLog } from "@modelyard/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { askSecurely, type TlsFolder, tlsFolder } from "../testing/secured.ts";
import { type MetricsPort, type MetricsPortOptions, openMetricsPort } from "./metrics-port.ts";
import type { PortTlsFiles } from "./port-tls.ts";
import type { Scrape } from "./scrape.ts";

async function opened(tls: PortTlsFiles, more: Partial<MetricsPortOptions> = {}): Promise<MetricsPort> {
  const rest = { collect: async () => [], clock: fakeClock(), log: silentLog(), ...more };
  const port = await openMetricsPort({ address: "127.0.0.1", port: 0, tls, ...rest });
  onTestFinished(() => port.close());
  return port;
}

const filesOf = ({ files }: TlsFolder): PortTlsFiles => ({ certFile: files.cert, keyFile: files.key });

function subjectAt({ url }: MetricsPort, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectSecurely({ port: Number(new URL(url).port), ca }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("the metrics port over TLS", () => {
  it("takes certificates that were replaced, and keeps the old one where they are not valid", async () => {
    const folder = tlsFolder();
    const clock = fakeClock();
    const { log, records } = recordedLog();
    const ca = folder.authority.certificate;
    const port = await opened(filesOf(folder), { clock, log });
    expect(port.url).toMatch(/^https:.*\/metrics$/);
    expect((await askSecurely(port.url, { ca })).status).toBe(200);
    folder.replace("second");
    await clock.advance(5_000);
    expect(await subjectAt(port, ca)).toBe("second");
    folder.breakCertificate();
    await clock.advance(5_000);
    expect(await subjectAt(port, ca)).toBe("second");
    expect(records).toMatchObject([{ level: "warn" }]);
    port.close();
    expect(clock.pending).toBe(0);
  });

  it("refuses clients without a certificate of the client CA, says who they were, and shows who the others are", async () => {
    const folder = tlsFolder();
    const ca = folder.authority.certificate;
    const scrapes: Scrape[] = [];
    const authorize: MetricsPortOptions["authorize"] = async (scrape) => {
      scrapes.push(scrape);
      return { kind: "granted" };
    };
    const { url } = await opened({ ...filesOf(folder), clientCaFile: folder.files.ca, clientAuth: "required" }, { authorize });
    await expect(askSecurely(url, { ca })).rejects.toThrow();
    await expect(askSecurely(url, { ca, client: tlsFolder().authority.issue({ commonName: "stranger" }) })).rejects.toThrow();
    expect((await askSecurely(url, { ca, client: folder.authority.issue({ commonName: "prometheus" }) })).status).toBe(200);
    expect(scrapes).toMatchObject([
      { kind: "handshake", remote: "127.0.0.1", why: "no client certificate" },
      { kind: "handshake", remote: "127.0.0.1", certificate: "stranger" },
      { kind: "request", certificate: "prometheus" },
    ]);
  });

  it("asks those who need not show a certificate for a key", async () => {
    const folder = tlsFolder();
    const authorize: MetricsPortOptions["authorize"] = async (scrape) =>
      scrape.certificate === undefined ? { kind: "refused", error: failure("API_KEY_MISSING", {}).toPublic() } : { kind: "granted" };
    const { url } = await opened({ ...filesOf(folder), clientCaFile: folder.files.ca, clientAuth: "optional" }, { authorize });
    expect((await askSecurely(url, { ca: folder.authority.certificate })).status).toBe(401);
  });

  it("ends connections that never speak TLS when it closes", async () => {
    const port = await opened(filesOf(tlsFolder()));
    const silent = connect(Number(new URL(port.url).port), "127.0.0.1");
    await new Promise((resolve) => silent.once("connect", resolve));
    const isClosed = new Promise((resolve) => silent.once("close", resolve));
    silent.on("error", () => {});
    port.close();
    await isClosed;
  });

  it("is not opened with files that are not valid", async () => {
    const folder = tlsFolder();
    await expect(opened({ ...filesOf(folder), keyFile: folder.files.ca })).rejects.toMatchObject({ reason: "TLS_CONFIG_INVALID" });
    await expect(opened({ ...filesOf(folder), certFile: "/absent" })).rejects.toMatchObject({ reason: "TLS_CONFIG_INVALID" });
  });
});
