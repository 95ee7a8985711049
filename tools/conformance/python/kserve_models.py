"""KServe's model server with the models of the checks: `kserve_models.py MODELS.json HTTP_PORT GRPC_PORT`."""
import json
import sys

import grpc.aio._server
import uvicorn

# KServe listens on every address of the machine; here it is to be reached from this machine alone.
_configure = uvicorn.Config.__init__
_add_port = grpc.aio._server.Server.add_insecure_port


def _loopback(self, *args, **kwargs):
    _configure(self, *args, **{**kwargs, "host": "127.0.0.1"})


uvicorn.Config.__init__ = _loopback
grpc.aio._server.Server.add_insecure_port = lambda self, address: _add_port(self, address.replace("[::]", "127.0.0.1"))

import numpy as np
from identity_models import complaint, scores, unknown_output
from kserve import InferOutput, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_repository import ModelRepository
from kserve.utils.utils import generate_uuid


class ConformanceModel(Model):
    def __init__(self, spec):
        super().__init__(spec["name"])
        self.spec = spec
        self.ready = True

    def get_input_types(self):
        return self.spec["inputs"]

    def get_output_types(self):
        return self.spec["outputs"]

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": scores(np.array(payload["instances"])).tolist()}
        problem = complaint(self.spec["inputs"], [(one.name, one.datatype, one.shape) for one in payload.inputs])
        if problem:
            raise InvalidInput(problem)
        requested = payload.request_outputs or []
        asked = [one.name for one in requested] or [tensor["name"] for tensor in self.spec["outputs"]]
        unknown = unknown_output(self.spec["outputs"], asked)
        if unknown is not None:
            raise InvalidInput(f"there is no output {unknown}")
        outputs = [one for one in self._answer(payload) if one.name in asked]
        return InferResponse(
            response_id=payload.id if payload.id else generate_uuid(),
            model_name=self.name,
            infer_outputs=outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def _answer(self, payload):
        by_name = {one.name: one for one in payload.inputs}
        for source, target in zip(self.spec["inputs"], self.spec["outputs"]):
            array = self._decoded(by_name[source["name"]])
            result = scores(array) if source["name"] == "Input3" else array
            output = InferOutput(target["name"], list(result.shape), target["datatype"])
            output.set_data_from_numpy(result, binary_data=payload.use_binary_outputs)
            yield output

    def _decoded(self, tensor):
        try:
            return tensor.as_numpy()
        except (OverflowError, TypeError, ValueError) as error:
            raise InvalidInput(str(error)) from error


class Repository(ModelRepository):
    """Loads again what was unloaded, which the author of a repository has to write."""

    def __init__(self, specs):
        super().__init__()
        self._specs = {spec["name"]: spec for spec in specs}

    def load(self, name):
        if name not in self._specs:
            raise ModelNotFound(name)
        self.update(ConformanceModel(self._specs[name]))
        return True


if __name__ == "__main__":
    models, http_port, grpc_port = sys.argv[1:]
    with open(models) as file:
        specs = json.load(file)
    server = ModelServer(http_port=int(http_port), grpc_port=int(grpc_port), registered_models=Repository(specs))
    server.start([ConformanceModel(spec) for spec in specs])
