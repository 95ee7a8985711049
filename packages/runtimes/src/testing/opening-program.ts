/** For the test of what ONNX Runtime leaves and says outside of this process: opens it as every program here does, and loads one model. */
import { openOrtEngine } from "../onnx/ort-engine.ts";

const [, , path = ""] = process.argv;
const session = await openOrtEngine().open(path, { optimization: "disabled" });
await session.release();
