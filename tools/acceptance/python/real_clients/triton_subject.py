"""What every script of tritonclient's calls is given: the client, the module of its tensors, the known cases, and how an answer is read."""
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from call_log import CallLog

STATUS = {
    "INVALID_ARGUMENT": "400",
    "NOT_FOUND": "404",
    "UNIMPLEMENTED": "501",
    "UNAVAILABLE": "503",
}
MODEL, SPARE = "digits", "spare"


@dataclass
class Subject:
    log: CallLog
    client: Any
    module: Any  # InferInput, InferRequestedOutput
    cases: list
    is_http: bool
    is_aio: bool
    address: str

    def refusal(self, code, *words):
        """What the error must say: the status of the face, then words of the catalogue."""
        return [f"[{STATUS[code]}]" if self.is_http else f"StatusCode.{code}", *words]

    def image(self, rows=1, name="image", **form):
        """The first images of the cases, as one batch."""
        array = np.concatenate([np.array(case["inputs"][0]["data"], np.float32).reshape(1, 1, 8, 8) for case in self.cases[:rows]])
        tensor = self.module.InferInput(name, list(array.shape), "FP32")
        return tensor.set_data_from_numpy(array, **form)

    def right(self, rows=1, outputs=("probabilities", "label")):
        """Whether a result has these outputs of the first cases, and no other."""
        wanted = {name: [output["data"] for case in self.cases[:rows] for output in case["outputs"] if output["name"] == name] for name in outputs}

        def holds(result):
            named = [output["name"] for output in response_of(result)["outputs"]]
            given = [np.allclose(result.as_numpy(name).reshape(rows, -1), wanted[name], rtol=1e-4, atol=1e-5) for name in outputs]
            return sorted(named) == sorted(outputs) and all(given)

        return holds


def plain(answer):
    """A gRPC message as the dictionary that REST gives; numbers of 64 bits are strings in it."""
    if isinstance(answer, (dict, list)):
        return answer
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(answer, preserving_proto_field_name=True)


def response_of(result):
    return plain(result.get_response())


def shown(answer):
    """A result does not say what it holds."""
    if not hasattr(answer, "as_numpy"):
        return answer
    names = [output["name"] for output in response_of(answer)["outputs"]]
    return ", ".join(f"{name} {np.array2string(answer.as_numpy(name), threshold=8, edgeitems=2, precision=4)}" for name in names)


def read_cases(path):
    with open(path) as file:
        return json.load(file)
