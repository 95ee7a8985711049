/** Clients that send a byte a second of what they owe: heads, bodies, DATA, handshakes. */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Finding, mebibytes, problemsOf, watchPressure } from "./7-pressure.ts";
import { echoModel, type Target } from "./7-target.ts";

const eachKind = 40;
const maxGrowthBytes = 96 * 2 ** 20;
const cutOffLimitMs = 240_000;
const trickleMs = 1_000;

/** A client that goes on until the server ends it. */
interface SlowWriter {
  readonly isEnded: boolean;
  writeByte(): void;
  close(): void;
}

type Kind = (target: Target) => SlowWriter;

const path = `/v2/models/${echoModel}/infer`;

const kinds: Readonly<Record<string, Kind>> = {
  "HTTP/1.1 heads": (target) => slowSocket(target.socket("http/1.1"), { begin: "GET /v2 HTTP/1.1\r\nx-slow: ", byte: "x" }),
  "HTTP/1.1 bodies": (target) => slowSocket(target.socket("http/1.1"), { begin: http1Body(target), byte: " " }),
  "HTTP/2 heads": (target) => slowSocket(target.socket("h2"), { begin: http2Head, byte: "x" }),
  "HTTP/2 DATA": slowStream,
  "TLS handshakes": ({ port }) => slowSocket(connect(port, "127.0.0.1"), { begin: clientHello, byte: "x" }),
};

/** Opens all of them, and waits until the server has cut all of them off. */
export async function slowWriters(target: Target): Promise<Finding> {
  const chosen = Object.entries(kinds).filter(([name]) => target.name === "TLS" || !name.startsWith("TLS"));
  const watch = await watchPressure(target);
  const writers = chosen.flatMap(([, kind]) => Array.from({ length: eachKind }, () => kind(target)));
  const untilMs = performance.now() + cutOffLimitMs;
  while (performance.now() < untilMs && writers.some(({ isEnded }) => !isEnded)) {
    for (const writer of writers) if (!writer.isEnded) writer.writeByte();
    await delay(trickleMs);
  }
  const ended = writers.filter(({ isEnded }) => isEnded).length;
  const leftOver = await watch.released(20_000);
  for (const writer of writers) writer.close();
  const pressure = await watch.stop();
  const waiting = ended < writers.length ? [`${writers.length - ended} were not cut off`] : [];
  return {
    measured: `${writers.length} writers (${chosen.map(([name]) => name).join(", ")}) over ${target.name}: memory +${mebibytes(pressure.growthBytes)} of ${mebibytes(maxGrowthBytes)} allowed, ${ended} cut off, good requests ${String(pressure.good)}`,
    problems: [...problemsOf(pressure, { maxGrowthBytes, leftOver }), ...waiting].map((one) => `slow writers over ${target.name}: ${one}`),
  };
}

function slowSocket(socket: Socket, { begin, byte }: { readonly begin: string; readonly byte: string }): SlowWriter {
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
  };
  socket.on("error", end).once("end", end).once("close", end).resume();
  socket.write(begin, "latin1");
  return {
    get isEnded() {
      return isEnded;
    },
    writeByte: () => void socket.write(byte),
    close: () => socket.destroy(),
  };
}

function http1Body({ headers }: Target): string {
  const fields = Object.entries({ host: "127.0.0.1", ...headers, "content-length": "1048576" });
  return `POST ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** The preface, empty SETTINGS, and the head of a HEADERS frame of 4,096 bytes. */
const http2Head = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\x10\0\x01\x05\0\0\0\x01";

/** The head of a handshake record of 512 bytes with a ClientHello (RFC 8446 §5.1, §4). */
const clientHello = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03";

function slowStream(target: Target): SlowWriter {
  const session = target.http2();
  const stream = session.request({ ":method": "POST", ":path": path, ...target.headers, "content-length": "1048576" });
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    // The stream was cut off; the connection may stay for others, of which there are none.
    session.destroy();
  };
  stream.on("error", end).once("close", end).resume();
  session.once("close", end);
  return {
    get isEnded() {
      return isEnded;
    },
    writeByte: () => void stream.write(" "),
    close: () => session.destroy(),
  };
}
