/**
 * Names the process that holds a TCP port, for the message of a failed start. Linux only, and only as far as this user may look.
 * Sources: proc_net_tcp (local address in hex, state 0A = listening, inode in column 10), proc_pid_fd(5).
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** For example `process 4711 (node server.js)`; `another process` when it cannot be found out. */
export function describePortOwner(port: number): string {
  const inodes = listeningInodes(port);
  const pid = inodes.size === 0 ? undefined : pidHolding(inodes);
  return pid === undefined ? "another process" : `process ${pid}${commandOf(pid)}`;
}

function listeningInodes(port: number): ReadonlySet<string> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of linesOf(table).slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[3] === "0A" && columns[1]?.endsWith(`:${hexPort}`) && columns[9]) inodes.add(`socket:[${columns[9]}]`);
    }
  }
  return inodes;
}

function pidHolding(links: ReadonlySet<string>): number | undefined {
  const pids = (attempt(() => readdirSync("/proc")) ?? []).filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => holdsAny(pid, links));
  return found === undefined ? undefined : Number(found);
}

function holdsAny(pid: string, links: ReadonlySet<string>): boolean {
  const descriptors = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.some((descriptor) => links.has(attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? ""));
}

function commandOf(pid: number): string {
  const words =
    attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))
      ?.split("\0")
      .filter(Boolean) ?? [];
  const text = words.join(" ");
  return text === "" ? "" : ` (${text.length > 120 ? `${text.slice(0, 117)}...` : text})`;
}

function linesOf(path: string): readonly string[] {
  return (
    attempt(() => readFileSync(path, "utf8"))
      ?.trim()
      .split("\n") ?? []
  );
}

/** The value, or undefined where this user may not look or the thing is gone by now. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
