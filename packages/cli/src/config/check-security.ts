/** Which settings of who may connect do not go together. */
import { isIP } from "node:net";
import { failure, type Log } from "@modelyard/core";
import type { SecurityConfig } from "./security-keys.ts";

/** What the rules look at. */
export type CheckedSecurity = SecurityConfig & { readonly address: string };

type Checked = keyof CheckedSecurity;

/** Throws `CONFIG_CONTRADICTION` or `ADDRESS_REFUSED`; `originOf` says a value and where it came from. */
export function checkSecurity(config: CheckedSecurity, originOf: (property: Checked) => string): void {
  const { address, clientCertificates, authentication } = config;
  const [hasCert, hasKey, hasCa] = [config.tlsCertFile !== "", config.tlsKeyFile !== "", config.tlsClientCaFile !== ""];
  const refuse = (first: Checked, second: Checked, why: string): never => {
    throw failure("CONFIG_CONTRADICTION", { first: originOf(first), second: originOf(second), why });
  };
  if (hasCert !== hasKey) refuse("tlsCertFile", "tlsKeyFile", "are of no use without each other");
  if (clientCertificates !== "none") {
    if (!hasCert) refuse("clientCertificates", "tlsCertFile", "leave no way to show one: only TLS has certificates");
    if (!hasCa) refuse("clientCertificates", "tlsClientCaFile", "leave no certificate that is valid");
  } else if (hasCa) refuse("tlsClientCaFile", "clientCertificates", "would leave every client unchecked");
  if (!isLoopback(address) && authentication === "none" && clientCertificates !== "required") throw failure("ADDRESS_REFUSED", { address });
}

/** Says so when keys can be read on their way. */
export function warnOfCleartext({ address, authentication, tlsCertFile }: CheckedSecurity, log: Log): void {
  if (isLoopback(address) || authentication === "none" || tlsCertFile !== "") return;
  log.warn("API keys travel in cleartext beyond this machine: set tlsCert and tlsKey, or have a proxy put TLS on", { address });
}

/** Whether connections to an address can only come from this machine. `localhost` counts. */
export function isLoopback(address: string): boolean {
  if (address === "localhost" || address === "::1") return true;
  return isIP(address) === 4 && address.startsWith("127.");
}
