/** What a planted fault is: parts of a server go in, the same parts with one mistake come out. Nothing of the product knows of it. */
import type { Mesh } from "@modelyard/mesh";
import type { RequestHandler } from "@modelyard/wire";

/** The parts of a server that a fault can sit in. */
export interface FaultyParts {
  readonly mesh: Mesh;
  /** What stands between the wire and the gateway. */
  readonly decorate: (handler: RequestHandler) => RequestHandler;
}

/** A mistake that a server could make. */
export interface PlantedFault {
  readonly name: string;
  /** What the server does wrong, as a sentence about it. */
  readonly what: string;
  /** Whether it shows over gRPC alone. Default false. */
  readonly isOfGrpc?: boolean;
  readonly plant: (parts: FaultyParts) => FaultyParts;
}
