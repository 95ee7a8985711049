/** The version of the product: that of this package. */
import { readFileSync } from "node:fs";

/** For example `0.1.0`. */
export function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
