"""ONNX Runtime alone: for each number it reads, runs one input so often in a loop on one thread and prints the CPU microseconds a run took."""
import json
import os
import sys
import time

import numpy as np

# The library reports every session to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

model, cases = sys.argv[1], json.load(open(sys.argv[2]))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
tensor = cases[0]["inputs"][0]
feed = {tensor["name"]: np.array(tensor["data"], np.float32).reshape(tensor["shape"])}
for _ in range(200):
    session.run(None, feed)
for line in sys.stdin:
    runs = int(line)
    started = time.process_time()
    for _ in range(runs):
        session.run(None, feed)
    print((time.process_time() - started) / runs * 1e6, flush=True)
