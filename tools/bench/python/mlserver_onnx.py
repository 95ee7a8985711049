"""An MLServer runtime that runs an ONNX file by ONNX Runtime on one thread: what MLServer's users write to serve ONNX."""
import os

import numpy as np

# The library reports every session to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self._settings.parameters.uri, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        return True

    async def predict(self, payload):
        feed = {tensor.name: NumpyCodec.decode_input(tensor).astype(np.float32) for tensor in payload.inputs}
        results = self._session.run(self._outputs, feed)
        outputs = [NumpyCodec.encode_output(name, result) for name, result in zip(self._outputs, results)]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
