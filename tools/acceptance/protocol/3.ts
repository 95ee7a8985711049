/** HTTP/2 by h2spec, over cleartext and TLS, and HTTP/1.1 by the cases of RFC 9112, each also sent to nginx and `node:http`. */

import { createTlsContext, type RequestHandler, responseHead, wholeBody } from "@modelyard/wire";
import {
  findH2spec,
  type H2specReport,
  type Http1Result,
  type Http1ServerName,
  hasNginx,
  runH2spec,
  runHttp1Cases,
  startHttp1Target,
  startServer,
  testAuthority,
} from "@modelyard/wire/testing";
import type { Measurement, PointContext } from "../point.ts";

const maxBodyBytes = 1024 * 1024;
const wantedCases = { h2spec: 145, http1: 120 };
const servers: readonly Http1ServerName[] = ["modelyard", "nginx", "nodeHttp"];

export async function measure({ say }: PointContext): Promise<Measurement> {
  const program = await findH2spec();
  if (program === undefined || !(await hasNginx())) {
    return { measured: "h2spec or nginx is not installed: tools/install-go-tools.ts, tools/parts/install.sh", holds: false };
  }
  const reports: H2specReport[] = [];
  for (const isTls of [false, true]) {
    say(`h2spec over ${isTls ? "TLS" : "cleartext"}`);
    reports.push(await h2spec(program, isTls));
  }
  const results: Http1Result[] = [];
  for (const name of servers) {
    say(`RFC 9112: ${name}`);
    await using target = await startHttp1Target(name);
    results.push(...(await runHttp1Cases(name, target.address)));
  }
  return judged(reports, results);
}

async function h2spec(program: string, isTls: boolean): Promise<H2specReport> {
  const { certificate, key } = testAuthority().issue({ commonName: "localhost", dnsNames: ["localhost"], addresses: ["127.0.0.1"] });
  await using running = await startServer(answer, isTls ? { tls: createTlsContext({ certificate, key }) } : {});
  return await runH2spec(program, { host: "127.0.0.1", port: running.port, isTls });
}

const answer: RequestHandler = (exchange) =>
  wholeBody(maxBodyBytes, {
    onBody: () =>
      exchange.respond({ head: responseHead(200, [["content-type", "text/plain"]]), body: `answer to ${exchange.head.method}` }),
    onTooLarge: () => exchange.respond({ head: responseHead(413) }),
  });

function judged(reports: readonly H2specReport[], results: readonly Http1Result[]): Measurement {
  const [clear, tls] = reports.map(({ total, failures }) => `${total - failures.length} of ${total}`);
  const sent = results.filter(({ server }) => server === "modelyard").length;
  const asRecorded = results.filter(({ isAsExpected }) => isAsExpected).length;
  const measured = `h2spec ${clear} over cleartext, ${tls} over TLS; ${sent} cases of HTTP/1.1 to each of ${servers.join(", ")}: ${asRecorded} of ${results.length} outcomes as recorded`;
  const isWhole = reports.every(({ total, failures }) => total >= wantedCases.h2spec && failures.length === 0);
  const wrong = results.filter(({ isAsExpected }) => !isAsExpected);
  return {
    measured,
    holds: isWhole && reports.length === 2 && sent >= wantedCases.http1 && wrong.length === 0,
    details: [
      ...reports.flatMap(({ failures }) => failures.map(({ section, title, problem }) => `h2spec ${section} ${title}: ${problem}`)),
      ...wrong.map(
        ({ id, server, expected, actual }) => `${id} at ${server}: ${actual.join(", ")} where ${expected.join(", ")} is recorded`,
      ),
    ],
  };
}
