"""The models of the checks for MLServer: data goes from input to output as MLServer read it."""
import numpy as np
from identity_models import complaint, scores, unknown_output
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceResponse, ResponseOutput


class ConformanceModel(MLModel):
    async def load(self) -> bool:
        self._expected = [tensor.model_dump() for tensor in self._settings.inputs]
        self._outputs = [tensor.model_dump() for tensor in self._settings.outputs]
        return True

    async def predict(self, payload):
        problem = complaint(self._expected, [(one.name, str(one.datatype), one.shape) for one in payload.inputs])
        if problem:
            raise InferenceError(problem)
        asked = [one.name for one in payload.outputs or []] or [tensor["name"] for tensor in self._outputs]
        unknown = unknown_output(self._outputs, asked)
        if unknown is not None:
            raise InferenceError(f"there is no output {unknown}")
        outputs = [one for one in self._answer(payload) if one.name in asked]
        return InferenceResponse(id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs)

    def _answer(self, payload):
        by_name = {one.name: one for one in payload.inputs}
        if "Input3" in by_name:
            return [NumpyCodec.encode_output("Plus214_Output_0", scores(self._decoded(by_name["Input3"])))]
        pairs = zip(self._expected, self._outputs)
        return [self._echo(by_name[source["name"]], target["name"]) for source, target in pairs]

    def _echo(self, source, name):
        # Looks at the elements, and counts them.
        self._decoded(source)
        return ResponseOutput(name=name, shape=source.shape, datatype=source.datatype, data=source.data)

    def _decoded(self, source):
        try:
            return np.reshape(np.array(list(source.data)), source.shape) if source.datatype == "BYTES" else NumpyCodec.decode_input(source)
        except (OverflowError, TypeError, ValueError) as error:
            raise InferenceError(str(error)) from error
