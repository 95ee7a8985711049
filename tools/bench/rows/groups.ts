/** Every group of rows, in the order in which they are measured. */
import type { RowGroup } from "../row.ts";
import { batchingRows } from "./batching-rows.ts";
import { coldRows } from "./cold-rows.ts";
import { connectRows } from "./connect-rows.ts";
import { densityRows } from "./density-rows.ts";
import { fastifyRows } from "./fastify-rows.ts";
import { mnistRows } from "./mnist-rows.ts";
import { pauseRows } from "./pause-rows.ts";
import { profileRows } from "./profile-rows.ts";
import { scaleRows } from "./scale-rows.ts";
import { scalingRows } from "./scaling-rows.ts";
import { startRows } from "./start-rows.ts";
import { tailRows } from "./tail-rows.ts";
import { wireRows } from "./wire-rows.ts";

export const groups: readonly RowGroup[] = [
  mnistRows,
  fastifyRows,
  wireRows,
  batchingRows,
  profileRows,
  startRows,
  scalingRows,
  connectRows,
  scaleRows,
  tailRows,
  pauseRows,
  coldRows,
  densityRows,
];
