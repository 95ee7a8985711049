"""Makes calls of tritonclient against the model `pair` (x FP32 [-1,2] to y) and `words` (x BYTES [-1] to y). Prints one JSON line a call."""
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

ADDRESS = sys.argv[1]
PAIR = np.array([[1.5, -2.0]], np.float32)
WORDS = np.array([b"a\x00b", "ü".encode(), b""], np.object_)


def check(call, action, holds):
    try:
        answer = action()
        print(json.dumps({"call": call, "ok": bool(holds(answer)), "answer": str(answer)[:300]}), flush=True)
    except Exception as error:  # noqa: BLE001 - the report is the point
        print(json.dumps({"call": call, "ok": False, "answer": repr(error)[:300]}), flush=True)


def check_refusal(call, action, words):
    try:
        print(json.dumps({"call": call, "ok": False, "answer": str(action())[:300]}), flush=True)
    except InferenceServerException as error:
        print(json.dumps({"call": call, "ok": words in str(error), "answer": str(error)[:300]}), flush=True)


def tensor(module, array, datatype, **form):
    one = module.InferInput("x", array.shape, datatype)
    one.set_data_from_numpy(array, **form)
    return one


def same(array):
    return lambda result: np.array_equal(result.as_numpy("y"), array)


def over(name, module, client, forms, outputs):
    check(f"{name} is_server_live", client.is_server_live, lambda a: a is True)
    check(f"{name} is_server_ready", client.is_server_ready, lambda a: a is True)
    check(f"{name} is_model_ready", lambda: client.is_model_ready("pair"), lambda a: a is True)
    check(f"{name} is_model_ready version", lambda: client.is_model_ready("pair", "1"), lambda a: a is True)
    check(f"{name} get_server_metadata", client.get_server_metadata, lambda a: "binary_tensor_data" in str(a))
    check(f"{name} get_model_metadata", lambda: client.get_model_metadata("pair"), lambda a: "FP32" in str(a))
    check(f"{name} quoted name", lambda: client.get_model_metadata("a b/ü"), lambda a: "FP32" in str(a))
    for label, form in forms.items():
        for wanted, requested in outputs.items():
            check(f"{name} infer {label} in, {wanted} out",
                  lambda: client.infer("pair", [tensor(module, PAIR, "FP32", **form)], outputs=requested, request_id="r-7"), same(PAIR))
        if label == "binary":
            check(f"{name} infer strings {label}", lambda: client.infer("words", [tensor(module, WORDS, "BYTES", **form)]), same(WORDS))
    inputs = [tensor(module, PAIR, "FP32")]
    check(f"{name} infer id", lambda: client.infer("pair", inputs, request_id="r-7").get_response(), lambda a: "r-7" in str(a))
    check_refusal(f"{name} unknown model", lambda: client.infer("absent", inputs), 'The model "absent" was not found')
    check_refusal(f"{name} unknown version", lambda: client.infer("pair", inputs, model_version="9"), "served are 1")
    wrong = [tensor(module, PAIR.astype(np.int32), "INT32")]
    check_refusal(f"{name} wrong datatype", lambda: client.infer("pair", wrong), "the model expects 'FP32'")
    flat = [tensor(module, PAIR.ravel(), "FP32")]
    check_refusal(f"{name} wrong shape", lambda: client.infer("pair", flat), "unexpected shape for input")


def streamed(client):
    replies = queue.Queue()
    client.start_stream(lambda result, error: replies.put((result, error)))
    for model, request_id in (("pair", "s-1"), ("absent", "s-2"), ("pair", "s-3")):
        client.async_stream_infer(model, [tensor(grpc, PAIR, "FP32")], request_id=request_id)
    client.stop_stream()
    answers = [replies.get(timeout=10) for _ in range(3)]
    return [str(error.message())[:18] if error else result.get_response().id for result, error in answers]


def main():
    binary, text = {"binary_data": True}, {"binary_data": False}
    rest_outputs = {
        "default": None,
        "binary": [http.InferRequestedOutput("y", binary_data=True)],
        "JSON": [http.InferRequestedOutput("y", binary_data=False)],
    }
    with http.InferenceServerClient(ADDRESS) as client:
        over("http", http, client, {"binary": binary, "JSON": text}, rest_outputs)
        raw = client.generate_request_body([tensor(http, PAIR, "FP32", **text)])[0]
        check("http body generate_request_body made", lambda: json.loads(raw)["inputs"], lambda a: a[0]["name"] == "x")
    grpc_outputs = {"default": None, "named": [grpc.InferRequestedOutput("y")]}
    with grpc.InferenceServerClient(ADDRESS) as client:
        over("grpc", grpc, client, {"binary": {}}, grpc_outputs)
        for algorithm in ("gzip", "deflate"):
            large = np.zeros((5000, 2), np.float32)
            check(f"grpc infer {algorithm}",
                  lambda: client.infer("pair", [tensor(grpc, large, "FP32")], compression_algorithm=algorithm), same(large))
        check("grpc async_stream_infer", lambda: streamed(client), lambda a: a == ["s-1", "The model \"absent\"", "s-3"])


main()
