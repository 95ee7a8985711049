/** Our gateway over our wire server with a model that only gives back the first ten numbers: what fastify is compared with where no model runs. Argument: port. */
import { metricsRegistry, silentLog, systemClock } from "@modelyard/core";
import { createGateway } from "@modelyard/gateway";
import { fakeMesh } from "@modelyard/mesh/testing";
import { createWireServer } from "@modelyard/wire";
import { tenNumbers } from "../ten-numbers.ts";

const clock = systemClock();
const log = silentLog();
const mesh = fakeMesh({ services: [{ name: "mnist", revisions: [{ revision: 1, model: tenNumbers }] }] });
const gateway = createGateway({ mesh, clock, log, metrics: metricsRegistry(), serverName: "modelyard", serverVersion: "1" });
const server = createWireServer({ clock, log }, gateway.onRequest);
await server.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 0) });
