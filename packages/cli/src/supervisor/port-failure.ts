/** Why a port could not be opened, in words that help. */
import { failure, type PlatformError } from "@modelyard/core";
import { describePortOwner } from "./port-owner.ts";

/** Which port it was. */
export interface PortWanted {
  readonly role: "data" | "control" | "metrics";
  /** Flag that chooses it. */
  readonly flag: string;
  readonly address: string;
  readonly port: number;
}

/** `PORT_BUSY` naming who has it, or `ADDRESS_UNUSABLE` with the system's reason. */
export function portFailure(error: unknown, wanted: PortWanted): PlatformError {
  const { role, flag, address, port } = wanted;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") return failure("PORT_BUSY", { role, port, address, flag, holder: describePortOwner(port) }, { cause: error });
  const why = code === "EACCES" ? "this user may not open it" : code === "EADDRNOTAVAIL" ? "this machine does not have that address" : code;
  return failure("ADDRESS_UNUSABLE", { role, port, address, why: why || "the system refused it" }, { cause: error });
}
