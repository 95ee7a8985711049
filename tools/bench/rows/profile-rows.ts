/** How much of the busy time of a serving process is ONNX Runtime's own: what is left is what serving costs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startServer, until } from "../../acceptance/harness/server.ts";
import { readCases, sharedModel } from "../../acceptance/harness/shared-data.ts";
import { root } from "../../repository.ts";
import { type Encoding, type Load, ourWarmUp, send, warmUp, writeBodies } from "../load.ts";
import { busyShares, type CpuProfile } from "../profile.ts";
import type { BenchContext, OpenGroup, RowGroup, RowPlan } from "../row.ts";

/** See the module. */
export const profileRows: RowGroup = {
  ids: ["profile"],
  title: "Where the time goes",
  about: "A CPU profile of the serving process's I/O thread, self times over busy time, after warm-up.",
  open,
};

const model = "mnist";
const cases: readonly { readonly id: string; readonly encoding: Encoding; readonly inFlight: number; readonly least: number }[] = [
  { id: "profile-grpc-10", encoding: "grpc", inFlight: 10, least: 75 },
  { id: "profile-grpc-100", encoding: "grpc", inFlight: 100, least: 75 },
  { id: "profile-binary-32", encoding: "binary", inFlight: 32, least: 42 },
];

async function open({ folder, say }: BenchContext): Promise<OpenGroup> {
  const data = join(folder, "data");
  const server = await startServer(data);
  await server.json(["deploy", sharedModel("mnist/mnist.onnx"), "--name", model]);
  const [known] = readCases(sharedModel("mnist/cases.json"));
  const bodies = writeBodies(folder, { model, inputs: known?.inputs ?? [] });
  const serving = await startProfiled(folder, data);
  const loadOf = ({ encoding, inFlight }: Pick<(typeof cases)[number], "encoding" | "inFlight">): Load => {
    const asked: Load = { address: serving.address, model, encoding, body: bodies[encoding], inFlight };
    return encoding === "grpc" ? { ...asked, connections: 1 } : asked;
  };
  await warmUp(cases.map(loadOf), ourWarmUp);
  const row = ({ id, encoding, inFlight, least }: (typeof cases)[number]): RowPlan => ({
    id,
    what: `MNIST by ${encoding}, ${inFlight} in flight: share of the I/O thread's busy time that is ONNX Runtime's`,
    unit: "% of busy time",
    peer: "none",
    budget: { kind: "minValue", value: least },
    async ours() {
      const load = loadOf({ encoding, inFlight });
      const shares = busyShares(await serving.profile(() => send(load, 20_000)));
      say(
        `${id}: ${shares
          .slice(0, 12)
          .map(({ name, share }) => `${(100 * share).toFixed(1)} % ${name}`)
          .join("; ")}`,
      );
      // The binding's call and what runs under it; nothing else is in that function.
      const own = shares.filter(({ name }) => /^(native code under )?run .*ort-engine/.test(name));
      return 100 * own.reduce((sum, { share }) => sum + share, 0);
    },
  });
  return {
    rows: cases.map(row),
    async close() {
      await serving.stop();
      await server.stop();
    },
  };
}

interface Profiled {
  readonly address: string;
  profile(act: () => Promise<unknown>): Promise<CpuProfile>;
  stop(): Promise<void>;
}

/** A serving process that listens itself, beside those of the server, with the hook that profiles it. */
async function startProfiled(folder: string, dataDir: string): Promise<Profiled> {
  const file = join(folder, "serving.cpuprofile");
  const hook = join(import.meta.dirname, "..", "programs", "profile-hook.ts");
  const args = [
    "--import",
    hook,
    join(root, "packages/cli/dist/main.js"),
    "serve",
    "--data",
    dataDir,
    "--port",
    "0",
    "--metrics-port",
    "0",
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, MODELYARD_BENCH_PROFILE: file },
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { data } = JSON.parse(line.slice(line.indexOf("{"))) as { readonly data: string };
  return {
    address: data,
    async profile(act) {
      rmSync(file, { force: true });
      child.kill("SIGUSR2");
      await act();
      child.kill("SIGUSR2");
      return await until(
        async () => (existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CpuProfile) : Promise.reject(new Error("no profile"))),
        {
          limitMs: 20_000,
        },
      );
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
