/** Control, as the supervisor starts it. */
import { startControlProgram } from "./control.ts";
import { runSupervised } from "./supervised-program.ts";

runSupervised("control", startControlProgram);
