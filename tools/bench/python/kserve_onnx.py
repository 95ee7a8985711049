"""A model of KServe's server that runs an ONNX file by ONNX Runtime on one thread: what its users write to serve ONNX."""
import argparse
import os

# The library reports every session to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
from kserve import InferOutput, InferResponse, Model, ModelServer, model_server


class OnnxModel(Model):
    def __init__(self, name, path):
        super().__init__(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        feed = {tensor.name: tensor.as_numpy() for tensor in payload.inputs}
        outputs = []
        for name, result in zip(self._outputs, self._session.run(self._outputs, feed)):
            output = InferOutput(name=name, shape=list(result.shape), datatype="FP32")
            output.set_data_from_numpy(result, binary_data=False)
            outputs.append(output)
        return InferResponse(response_id=payload.id or "", model_name=self.name, infer_outputs=outputs)


parser = argparse.ArgumentParser(parents=[model_server.parser])
parser.add_argument("--model_path", required=True)
arguments, _ = parser.parse_known_args()
if __name__ == "__main__":
    ModelServer().start([OnnxModel(arguments.model_name, arguments.model_path)])
