/** What conversations leave behind in a server once all of them have ended: nothing. */
import type { FuzzServer } from "./fuzz-server.ts";
import type { FuzzServerFigures } from "./server-figures.ts";

/** A block, or a wait of a conversation held alone, that counts as a hang. */
export const hangMs = 1_000;
/** How often a server is asked whether it has seen all connections end, before that it has not is a finding. */
const maxAsked = 50;
/** The probe's. */
const ownConnections = 1;

/** Figures when the server has seen every connection end but the probe's, and work that was under way for one has ended too; `keptBytes` were taken before. */
export async function settledFigures(server: FuzzServer, keptBytes = 0): Promise<FuzzServerFigures> {
  for (let asked = 1; ; asked++) {
    await server.probe.turn();
    const figures = await server.figures();
    const isSettled = figures.connections <= ownConnections && figures.inFlight === 0 && figures.bufferedBytes <= keptBytes;
    if (isSettled || asked === maxAsked) return figures;
  }
}

/** What is there now and was not before. */
export function leftBehind(now: FuzzServerFigures, before: FuzzServerFigures): readonly string[] {
  const open = now.connections - ownConnections;
  const lost = now.bufferedBytes - before.bufferedBytes;
  return [
    ...(open > 0 ? [`${open} connections are open that the client has closed`] : []),
    ...(now.inFlight > 0 ? [`${now.inFlight} requests are in flight on closed connections`] : []),
    ...(lost <= 0 ? [] : [`${lost} bytes of the memory budget were not given back`]),
    ...(now.worstBlockMs > hangMs ? [`the event loop was held up for ${Math.round(now.worstBlockMs)} ms`] : []),
  ];
}
