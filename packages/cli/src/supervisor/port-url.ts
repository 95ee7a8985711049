/** The address of a port as those who connect write it. */

/** An open port. */
export interface OpenPort {
  readonly address: string;
  readonly port: number;
  /** Whether TLS is spoken there. Default false. */
  readonly isSecure?: boolean | undefined;
}

/** Addresses that mean every address of the machine, and the one this machine reaches itself by. */
const wildcards: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** `https://127.0.0.1:8033`; of a wildcard address that of loopback, since nobody can connect to the other. */
export function portUrl({ address, port, isSecure = false }: OpenPort): string {
  const host = wildcards[address] ?? address;
  return `${isSecure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
