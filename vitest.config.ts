import { defineConfig } from "vitest/config";

const condition = "modelyard-source";

/** Tests run from source under the packaged Node; the condition makes packages resolve to each other's `src`. */
export default defineConfig({
  ssr: { resolve: { conditions: [condition, "node", "import", "default"] } },
  resolve: { conditions: [condition, "node", "import", "default"] },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tools/**/*.test.ts", "conformance/**/*.test.ts", "sim/**/*.test.ts"],
    // Node reads TypeScript by WebAssembly. V8 frees replaced code of it badly when threads that read some begin and end side by side, as those of
    // many short stores do: the process dies of a segmentation fault in WasmEngine::FreeDeadCode. So code is never replaced. What is built has none.
    execArgv: [`--conditions=${condition}`, "--no-wasm-tier-up", "--wasm-wrapper-tiering-budget=1000000000"],
    // Some tests open ONNX Runtime beside the product, as an independent reader: it reports to nobody there either.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
