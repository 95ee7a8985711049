import { defineConfig } from "vitest/config";

const condition = "modelyard-source";

/** Tests run from source under the packaged Node; the condition makes packages resolve to each other's `src`. */
export default defineConfig({
  ssr: { resolve: { conditions: [condition, "node", "import", "default"] } },
  resolve: { conditions: [condition, "node", "import", "default"] },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tools/**/*.test.ts", "conformance/**/*.test.ts", "sim/**/*.test.ts"],
    execArgv: [`--conditions=${condition}`],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
