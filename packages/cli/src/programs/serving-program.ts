/** A serving process, as the supervisor starts it. */
import { startServe } from "./serve.ts";
import { runSupervised } from "./supervised-program.ts";

/**
 * Bytes of the pieces that small buffers are cut from (64 KiB in Node 24). Small answers fill a large piece so slowly that it outlives two collections
 * of young objects and waits for a full one, and malloc's heap grows around those that wait (decision 021).
 */
Buffer.poolSize = 8 * 1024;

runSupervised("serving", startServe);
