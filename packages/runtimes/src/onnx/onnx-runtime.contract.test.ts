import { writeModel } from "@modelyard/onnx";
import type { LoadRequest } from "../contract.ts";
import { onnxWorkbench } from "../testing/onnx-workbench.ts";
import { type RuntimeSubject, runtimeContract } from "../testing/runtime-contract.ts";
import { echoModel } from "../testing/sample-models.ts";
import type { OnnxRuntimeLimits } from "./runtime-options.ts";

async function subject(limits: Partial<OnnxRuntimeLimits>, isolation: Pick<LoadRequest, "isolation"> = {}): Promise<RuntimeSubject> {
  const workbench = await onnxWorkbench();
  const file = writeModel(echoModel("whole"));
  return {
    runtime: workbench.open({ limits }),
    echo: { ...(await workbench.store(echoModel("echo"))), ...isolation },
    other: { ...(await workbench.store(echoModel("other"))), ...isolation },
    broken: { ...(await workbench.store(file.subarray(0, file.length - 9))), ...isolation },
    close: () => workbench.close(),
  };
}

runtimeContract("onnxRuntime on the I/O thread", () => subject({ inlineBelowMicros: 1e9 }));
runtimeContract("onnxRuntime in workers", () => subject({ inlineBelowMicros: 0 }));
runtimeContract("onnxRuntime in processes of their own", () => subject({}, { isolation: "process" }));
