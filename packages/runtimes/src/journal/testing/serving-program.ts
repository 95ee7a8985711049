/** A stand-in for a serving process that ends in the way its argument says: for the tests of journal and watchdog. */
import { setTimeout as wait } from "node:timers/promises";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { systemClock } from "@modelyard/core";
import { createRunJournal } from "../run-journal.ts";
import { openThreadJournal, type ThreadJournal, type ThreadJournalShare } from "../thread-journal.ts";
import { startWatchdog } from "../watchdog.ts";

const clock = systemClock();

function hang(journal: ThreadJournal, modelId: string): never {
  journal.begin({ modelId, phase: "run", limitMs: 200 });
  for (;;);
}

async function main([path = "", how = ""]: readonly string[]): Promise<void> {
  const journal = createRunJournal({ path, clock, threads: 2 });
  const watchdog = startWatchdog({ journal, clock, intervalMs: 20 });
  switch (how) {
    case "hang-main":
      return hang(journal.main, "slow-main");
    case "hang-worker": {
      const worker = new Worker(new URL(import.meta.url), { workerData: journal.share(1) });
      worker.on("error", (error) => {
        throw error;
      });
      return;
    }
    case "crash":
      journal.main.begin({ modelId: "crashing", phase: "run", limitMs: 60_000 });
      return process.abort();
    default:
      journal.main.begin({ modelId: "good", phase: "run", limitMs: 1000 });
      journal.main.end();
      await wait(1);
      journal.close();
      watchdog.close();
  }
}

// Given by `main` above.
if (isMainThread) await main(process.argv.slice(2));
else hang(openThreadJournal(workerData as ThreadJournalShare, clock), "slow-worker");
