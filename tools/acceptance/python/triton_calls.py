"""Makes every call of tritonclient that the data plane covers so far; prints one JSON line a call: client, call, ok, answer."""
import asyncio
import json
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

ADDRESS, MODEL, STRINGS, CASES = sys.argv[1], sys.argv[2], sys.argv[3], json.load(open(sys.argv[4]))
IMAGE = np.array(CASES[0]["inputs"][0]["data"], np.float32).reshape(1, 1, 28, 28)
WANT = np.array(CASES[0]["outputs"][0]["data"], np.float32)


def report(client, call, ok, answer):
    print(json.dumps({"client": client, "call": call, "ok": bool(ok), "answer": str(answer)[:160]}), flush=True)


def check(client, call, action, holds):
    try:
        answer = action()
        report(client, call, holds(answer), answer)
    except Exception as error:  # noqa: BLE001 - the report is the point
        report(client, call, False, repr(error))


def refused(client, call, action, words):
    try:
        report(client, call, False, action())
    except InferenceServerException as error:
        report(client, call, all(word in str(error) for word in words), error)
    except Exception as error:  # noqa: BLE001
        report(client, call, False, repr(error))


def image_input(module, binary=None, array=IMAGE, name="Input3"):
    tensor = module.InferInput(name, array.shape, "FP32")
    tensor.set_data_from_numpy(array) if binary is None else tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def right(result):
    return np.allclose(result.as_numpy("Plus214_Output_0").ravel(), WANT, rtol=1e-5, atol=1e-4)


def text_inputs(module):
    tensors = []
    for name, values in (("INPUT0", range(16)), ("INPUT1", [1] * 16)):
        tensor = module.InferInput(name, [1, 16], "BYTES")
        tensor.set_data_from_numpy(np.array([[str(value).encode() for value in values]], dtype=np.object_))
        tensors.append(tensor)
    return tensors


def right_text(result):
    return [text.decode() for text in result.as_numpy("OUTPUT0").ravel()] == [str(value + 1) for value in range(16)]


def metadata_of(answer):
    return answer if isinstance(answer, dict) else {"name": answer.name, "versions": list(getattr(answer, "versions", [])), "inputs": list(getattr(answer, "inputs", []))}


def common(name, client, module):
    check(name, "is_server_live", client.is_server_live, lambda a: a is True)
    check(name, "is_server_ready", client.is_server_ready, lambda a: a is True)
    check(name, "is_model_ready", lambda: client.is_model_ready(MODEL), lambda a: a is True)
    check(name, "is_model_ready version", lambda: client.is_model_ready(MODEL, "1"), lambda a: a is True)
    check(name, "is_model_ready unknown", lambda: client.is_model_ready("absent"), lambda a: a is False)
    check(name, "get_server_metadata", client.get_server_metadata, lambda a: metadata_of(a)["name"] == "modelyard")
    check(name, "get_model_metadata", lambda: client.get_model_metadata(MODEL), lambda a: metadata_of(a)["name"] == MODEL and len(metadata_of(a)["inputs"]) == 1)
    check(name, "get_model_metadata version", lambda: client.get_model_metadata(MODEL, "1"), lambda a: "1" in metadata_of(a)["versions"])
    check(name, "infer", lambda: client.infer(MODEL, [image_input(module)]), right)
    check(name, "infer version", lambda: client.infer(MODEL, [image_input(module)], model_version="1"), right)
    outputs = [module.InferRequestedOutput("Plus214_Output_0")]
    check(name, "infer outputs named", lambda: client.infer(MODEL, [image_input(module)], outputs=outputs), right)
    check(name, "infer request_id", lambda: client.infer(MODEL, [image_input(module)], request_id="r-1"), lambda a: (a.get_response()["id"] if isinstance(a.get_response(), dict) else a.get_response().id) == "r-1")
    check(name, "infer strings", lambda: client.infer(STRINGS, text_inputs(module)), right_text)
    refused(name, "infer unknown model", lambda: client.infer("absent", [image_input(module)]), ["absent"])
    refused(name, "infer unknown version", lambda: client.infer(MODEL, [image_input(module)], model_version="77"), ["77"])
    refused(name, "infer unknown input", lambda: client.infer(MODEL, [image_input(module, name="nope")]), ["nope", "Input3"])
    refused(name, "infer wrong shape", lambda: client.infer(MODEL, [image_input(module, array=IMAGE.reshape(1, 1, 784, 1))]), ["784"])
    wrong = module.InferInput("Input3", [1, 1, 28, 28], "FP64")
    wrong.set_data_from_numpy(IMAGE.astype(np.float64))
    refused(name, "infer wrong datatype", lambda: client.infer(MODEL, [wrong]), ["FP64", "FP32"])


def over_http():
    client = http.InferenceServerClient(ADDRESS)
    common("tritonclient.http", client, http)
    check("tritonclient.http", "infer JSON in", lambda: client.infer(MODEL, [image_input(http, False)]), right)
    plain = [http.InferRequestedOutput("Plus214_Output_0", binary_data=False)]
    check("tritonclient.http", "infer JSON out", lambda: client.infer(MODEL, [image_input(http)], outputs=plain), right)
    check("tritonclient.http", "infer JSON both", lambda: client.infer(MODEL, [image_input(http, False)], outputs=plain), right)
    check("tritonclient.http", "async_infer", lambda: client.async_infer(MODEL, [image_input(http)]).get_result(), right)
    client.close()


def over_grpc():
    client = grpc.InferenceServerClient(ADDRESS)
    common("tritonclient.grpc", client, grpc)
    results = []
    client.async_infer(MODEL, [image_input(grpc)], callback=lambda result, error: results.append((result, error)))

    def wait():
        import time

        for _ in range(200):
            if results:
                return results[0][0]
            time.sleep(0.05)
        raise TimeoutError("async_infer gave no answer")

    check("tritonclient.grpc", "async_infer", wait, right)
    check("tritonclient.grpc", "infer client_timeout", lambda: client.infer(MODEL, [image_input(grpc)], client_timeout=10.0), right)
    client.close()


async def over_aio(name, module, sync):
    async def attempt(call, awaitable, holds):
        try:
            answer = await awaitable
            report(name, call, holds(answer), answer)
        except Exception as error:  # noqa: BLE001
            report(name, call, False, repr(error))

    client = module.InferenceServerClient(ADDRESS)
    await attempt("is_server_live", client.is_server_live(), lambda a: a is True)
    await attempt("is_server_ready", client.is_server_ready(), lambda a: a is True)
    await attempt("is_model_ready", client.is_model_ready(MODEL), lambda a: a is True)
    await attempt("get_server_metadata", client.get_server_metadata(), lambda a: metadata_of(a)["name"] == "modelyard")
    await attempt("get_model_metadata", client.get_model_metadata(MODEL), lambda a: metadata_of(a)["name"] == MODEL)
    await attempt("infer", client.infer(MODEL, [image_input(sync)]), right)
    await client.close()


over_http()
over_grpc()
asyncio.run(over_aio("tritonclient.http.aio", http_aio, http))
asyncio.run(over_aio("tritonclient.grpc.aio", grpc_aio, grpc))
