"""A LitServe API that runs an ONNX file by ONNX Runtime on one thread, with our path and bodies: what LitServe's users write to serve ONNX."""
import argparse
import os

# The library reports every session to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import litserve
import numpy as np
import onnxruntime


class OnnxModel(litserve.LitAPI):
    def __init__(self, name, path):
        super().__init__(api_path=f"/v2/models/{name}/infer")
        self._name = name
        self._path = path

    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self._path, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def decode_request(self, request):
        return {tensor["name"]: np.array(tensor["data"], np.float32).reshape(tensor["shape"]) for tensor in request["inputs"]}

    def predict(self, feed):
        return self._session.run(self._outputs, feed)

    def encode_response(self, results):
        outputs = [
            {"name": name, "datatype": "FP32", "shape": list(result.shape), "data": result.ravel().tolist()}
            for name, result in zip(self._outputs, results)
        ]
        return {"model_name": self._name, "outputs": outputs}


parser = argparse.ArgumentParser()
parser.add_argument("--model_name", required=True)
parser.add_argument("--model_path", required=True)
parser.add_argument("--port", type=int, required=True)
arguments = parser.parse_args()
if __name__ == "__main__":
    server = litserve.LitServer(OnnxModel(arguments.model_name, arguments.model_path), accelerator="cpu")
    server.run(host="127.0.0.1", port=arguments.port, generate_client_file=False, log_level="warning")
