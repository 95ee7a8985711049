/**
 * Has the system hold free memory that a measured process is to get. The kernel of a virtual machine gives free blocks of 128 KiB and more back to its host
 * within about two seconds (page_reporting_order, 5), and a page of those costs 9 us when it is touched again, where one that the system holds costs 1.5.
 * Memory whose every 16th page is in use is free in smaller pieces, which stay.
 */
import { freemem } from "node:os";
import { PythonProgram } from "./python-program.ts";

/** Holds so many bytes, of which a 16th stays in use, until it is stopped; undefined where they are more than half of what is free, or Python cannot. */
export async function holdMemory(bytes: number): Promise<PythonProgram | undefined> {
  if (bytes > freemem() / 2) return undefined;
  let program: PythonProgram | undefined;
  try {
    program = await PythonProgram.start({ environment: "onnxruntime", script: "held_memory.py", args: [String(bytes)] });
    await program.line();
    return program;
  } catch {
    // No Python, or another system: what is measured then includes what the host takes.
    await program?.stop();
    return undefined;
  }
}
