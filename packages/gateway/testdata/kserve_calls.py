"""Makes calls of the kserve SDK against the model `pair` (x FP32 [-1,2] to y). Prints one JSON line a call."""
import asyncio
import json
import sys

ADDRESS = sys.argv[1]
sys.argv = sys.argv[:1]  # kserve reads the arguments when it is imported

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

PAIR = np.array([[1.5, -2.0]], np.float32)


async def check(call, action, holds):
    try:
        answer = await action()
        print(json.dumps({"call": call, "ok": bool(holds(answer)), "answer": str(answer)[:300]}), flush=True)
    except Exception as error:  # noqa: BLE001 - the report is the point
        print(json.dumps({"call": call, "ok": False, "answer": repr(error)[:300]}), flush=True)


async def check_refusal(call, action, words):
    try:
        print(json.dumps({"call": call, "ok": False, "answer": str(await action())[:300]}), flush=True)
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"call": call, "ok": words in str(error), "answer": str(error)[:300]}), flush=True)


def request(is_binary, model="pair"):
    tensor = InferInput(name="x", shape=[1, 2], datatype="FP32")
    tensor.set_data_from_numpy(PAIR, binary_data=is_binary)
    return InferRequest(model_name=model, infer_inputs=[tensor])


def right(answer):
    return np.array_equal(answer.outputs[0].as_numpy(), PAIR)


async def main():
    base = f"http://{ADDRESS}"
    rest = InferenceRESTClient(RESTConfig(protocol="v2", retries=0, timeout=30))
    await check("REST is_server_live", lambda: rest.is_server_live(base), lambda a: a is True)
    await check("REST is_server_ready", lambda: rest.is_server_ready(base), lambda a: a is True)
    await check("REST is_model_ready", lambda: rest.is_model_ready(base, model_name="pair"), lambda a: a is True)
    await check("REST infer JSON", lambda: rest.infer(base, request(False), model_name="pair"), right)
    await check("REST infer binary", lambda: rest.infer(base, request(True), model_name="pair"), right)
    await check_refusal("REST unknown model", lambda: rest.infer(base, request(False), model_name="absent"), 'The model "absent" was not found')
    grpc = InferenceGRPCClient(ADDRESS)
    await check("gRPC is_server_live", grpc.is_server_live, lambda a: a is True)
    await check("gRPC is_server_ready", grpc.is_server_ready, lambda a: a is True)
    await check("gRPC is_model_ready", lambda: grpc.is_model_ready("pair"), lambda a: a is True)
    await check("gRPC infer raw", lambda: grpc.infer(request(True)), right)
    await check("gRPC infer typed", lambda: grpc.infer(request(False)), right)
    await check_refusal("gRPC unknown model", lambda: grpc.infer(request(True, "absent")), 'The model "absent" was not found')
    await grpc.close()
    await rest.close()


asyncio.run(main())
