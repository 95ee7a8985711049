import { createServer } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { servingPid, supervised } from "../testing/fake-supervised.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import type { Supervisor } from "./supervisor.ts";

async function scrape(supervisor: Supervisor): Promise<string> {
  const { metrics } = await supervisor.ready;
  return await (await fetch(metrics ?? "")).text();
}

async function takenPort(): Promise<{ readonly port: number; readonly free: () => Promise<void> }> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const free = (): Promise<void> => new Promise((resolve) => other.close(() => resolve()));
  onTestFinished(free);
  const address = other.address();
  return { port: typeof address === "object" && address ? address.port : 0, free };
}

const anyFree = { port: 0, mayDiffer: false };

describe("a supervisor with a metrics port", () => {
  it("answers with what each of its processes counts, and with its own", async () => {
    const supervisor = await supervised({ servingProcesses: 2, metrics: anyFree });
    await vi.waitFor(async () => {
      const text = await scrape(supervisor);
      for (const process of ["control", "serving-0", "serving-1"]) {
        expect(text).toContain(`modelyard_process_up{process="${process}"} 1\n`);
        expect(text).toContain(`fakes{process="${process}",role="${process.replace(/-\d/, "")}"} 1\n`);
      }
      expect(text).toMatch(/^process_resident_memory_bytes\{process="supervisor"\} \d{7,}$/m);
      expect(text).toContain('modelyard_process_restarts_total{process="supervisor",role="serving"} 0\n');
    }, 10_000);
  });

  it("leaves out a process that does not answer within a second, and says that it is down", async () => {
    const supervisor = await supervised({ metrics: anyFree });
    const [pid = 0] = (await supervisor.ready).pids.serving;
    process.kill(pid, "SIGSTOP");
    const text = await scrape(supervisor);
    process.kill(pid, "SIGCONT");
    expect(text).toContain('modelyard_process_up{process="serving-0"} 0\n');
    expect(text).toContain('modelyard_process_up{process="control"} 1\n');
    expect(text).not.toContain('fakes{process="serving-0"');
  });

  it("counts the processes that it started again, but not those that a reload replaced", async () => {
    const supervisor = await supervised({ metrics: anyFree });
    const [pid = 0] = (await supervisor.ready).pids.serving;
    process.kill(pid, "SIGKILL");
    await servingPid(supervisor, pid);
    await vi.waitFor(async () => expect(await scrape(supervisor)).toContain('modelyard_process_up{process="serving-0"} 1\n'), 10_000);
    await supervisor.reload();
    const text = await scrape(supervisor);
    expect(text).toContain('modelyard_process_restarts_total{process="supervisor",role="serving"} 1\n');
    expect(text).toContain('modelyard_process_restarts_total{process="supervisor",role="control"} 0\n');
    expect(text).toContain('modelyard_process_up{process="serving-1"} 1\n');
    expect(text).not.toContain("serving-0");
  });

  it("refuses a metrics port that is in use when it was chosen, and frees the data port and the folder", async () => {
    const [{ port: metricsPort }, data, dataDir] = [await takenPort(), await takenPort(), temporaryFolder()];
    await data.free();
    await expect(supervised({ dataDir, port: data.port, metrics: { port: metricsPort, mayDiffer: false } })).rejects.toMatchObject({
      reason: "PORT_BUSY",
      message: expect.stringContaining(`metrics port ${metricsPort} on 127.0.0.1`),
    });
    await (await supervised({ dataDir, port: data.port, metrics: anyFree })).ready;
  });

  it("takes any free metrics port when the one that nobody chose is in use", async () => {
    const { port } = await takenPort();
    const supervisor = await supervised({ metrics: { port, mayDiffer: true } });
    expect(await scrape(supervisor)).toContain("modelyard_process_up");
    expect(Number(new URL((await supervisor.ready).metrics ?? "").port)).not.toBe(port);
  });
});
