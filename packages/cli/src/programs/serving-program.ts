/** A serving process, as the supervisor starts it. */
import { startServe } from "./serve.ts";
import { runSupervised } from "./supervised-program.ts";

runSupervised("serving", startServe);
