"""Makes the calls of the kserve SDK that are covered so far: REST and gRPC inference, and resources by KServeClient. One JSON line a call."""
import asyncio
import json
import sys

ADDRESS, MODEL, CASES, KUBECONFIG, MODEL_FILE = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3])), sys.argv[4], sys.argv[5]
sys.argv = sys.argv[:1]  # kserve reads the arguments when it is imported

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, KServeClient, RESTConfig, V1beta1InferenceService
from kserve import V1beta1InferenceServiceSpec, V1beta1ModelFormat, V1beta1ModelSpec, V1beta1PredictorSpec
from kubernetes import client as k8s

IMAGE = np.array(CASES[0]["inputs"][0]["data"], np.float32).reshape(1, 1, 28, 28)
WANT = np.array(CASES[0]["outputs"][0]["data"], np.float32)


def report(client, call, ok, answer):
    print(json.dumps({"client": client, "call": call, "ok": bool(ok), "answer": str(answer).replace("\n", " ")[:160]}), flush=True)


async def attempt(client, call, action, holds):
    try:
        answer = action()
        if asyncio.iscoroutine(answer):
            answer = await answer
        report(client, call, holds(answer), answer)
    except Exception as error:  # noqa: BLE001 - the report is the point
        report(client, call, False, repr(error))


async def refuse(client, call, action, words):
    try:
        answer = action()
        if asyncio.iscoroutine(answer):
            answer = await answer
        report(client, call, False, answer)
    except Exception as error:  # noqa: BLE001
        report(client, call, all(word in str(error) for word in words), error)


def request(raw):
    tensor = InferInput(name="Input3", shape=[1, 1, 28, 28], datatype="FP32")
    tensor.set_data_from_numpy(IMAGE, binary_data=raw)
    return InferRequest(model_name=MODEL, infer_inputs=[tensor])


def right(answer):
    return np.allclose(np.array(answer.outputs[0].as_numpy()).ravel(), WANT, rtol=1e-5, atol=1e-4)


async def over_rest():
    name, base = "kserve.InferenceRESTClient", f"http://{ADDRESS}"
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0, timeout=30))
    await attempt(name, "is_server_live", lambda: client.is_server_live(base), lambda a: a is True)
    await attempt(name, "is_server_ready", lambda: client.is_server_ready(base), lambda a: a is True)
    await attempt(name, "is_model_ready", lambda: client.is_model_ready(base, model_name=MODEL), lambda a: a is True)
    await attempt(name, "infer JSON", lambda: client.infer(base, request(False), model_name=MODEL), right)
    await attempt(name, "infer binary", lambda: client.infer(base, request(True), model_name=MODEL), right)
    await refuse(name, "infer unknown model", lambda: client.infer(base, request(False), model_name="absent"), ["absent"])
    await client.close()


async def over_grpc():
    name = "kserve.InferenceGRPCClient"
    client = InferenceGRPCClient(url=ADDRESS)
    await attempt(name, "is_server_live", client.is_server_live, lambda a: a is True)
    await attempt(name, "is_server_ready", client.is_server_ready, lambda a: a is True)
    await attempt(name, "is_model_ready", lambda: client.is_model_ready(MODEL), lambda a: a is True)
    await attempt(name, "infer", lambda: client.infer(request(True)), right)
    await attempt(name, "infer typed", lambda: client.infer(request(False)), right)
    await client.close()


async def resources():
    name = "kserve.KServeClient"
    client = KServeClient(config_file=KUBECONFIG)
    service = V1beta1InferenceService(
        api_version="serving.kserve.io/v1beta1",
        kind="InferenceService",
        metadata=k8s.V1ObjectMeta(name="from-sdk", namespace="default"),
        spec=V1beta1InferenceServiceSpec(
            predictor=V1beta1PredictorSpec(model=V1beta1ModelSpec(model_format=V1beta1ModelFormat(name="onnx"), storage_uri=f"file://{MODEL_FILE}"))
        ),
    )
    await attempt(name, "create", lambda: client.create(service), lambda a: a["metadata"]["name"] == "from-sdk")
    await attempt(name, "wait_isvc_ready", lambda: client.wait_isvc_ready("from-sdk", namespace="default", timeout_seconds=60) or "ready", lambda a: a == "ready")
    await attempt(name, "get", lambda: client.get("from-sdk", namespace="default"), lambda a: any(c["type"] == "Ready" and c["status"] == "True" for c in a["status"]["conditions"]))
    await attempt(name, "is_isvc_ready", lambda: client.is_isvc_ready("from-sdk", namespace="default"), lambda a: a is True)
    service.metadata.annotations = {"example.org/touched": "yes"}
    await attempt(name, "patch", lambda: client.patch("from-sdk", service, namespace="default"), lambda a: a["metadata"]["annotations"]["example.org/touched"] == "yes")
    service.metadata.resource_version = None
    await attempt(name, "replace", lambda: client.replace("from-sdk", service, namespace="default"), lambda a: a["metadata"]["name"] == "from-sdk")
    await attempt(name, "delete", lambda: client.delete("from-sdk", namespace="default"), lambda a: a is not None)
    await refuse(name, "get after delete", lambda: client.get("from-sdk", namespace="default"), ["not found"])


async def main():
    await over_rest()
    await over_grpc()
    await resources()


asyncio.run(main())
