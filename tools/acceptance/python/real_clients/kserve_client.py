"""Makes every public call of the kserve SDK's inference clients: `kserve_client.py ADDRESS CASES TLS_ADDRESS TLS_FOLDER`.

REST by both versions of the protocol, and gRPC; then again over TLS.
"""
import asyncio
import json
import sys

ADDRESS, CASES, TLS_ADDRESS, TLS_FOLDER = sys.argv[1:5]
sys.argv = sys.argv[:1]  # kserve reads the arguments when it is imported

import grpc as grpc_module
import httpx
import numpy as np
from call_log import CallLog
from encryption import Certificates
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MODEL = "digits"
FILES = Certificates(TLS_FOLDER)
with open(CASES) as file:
    [CASE, *_] = json.load(file)
IMAGE = np.array(CASE["inputs"][0]["data"], np.float32).reshape(1, 1, 8, 8)
WANTED = {output["name"]: output["data"] for output in CASE["outputs"]}
VALUES = {
    "BOOL": np.array([True, False]),
    "UINT8": np.array([0, 255], np.uint8),
    "INT64": np.array([-(2**63), 2**63 - 1]),
    "FP16": np.array([-1.5, 65504], np.float16),
    "FP32": np.array([-1.5, 2.0**100], np.float32),
    "FP64": np.array([-0.1, 1.7e308]),
    "BYTES": np.array(["Grüße".encode(), b""], np.object_),
}
HEADERS, ELSEWHERE = {"modelyard-namespace": "default"}, {"modelyard-namespace": "elsewhere"}


def request(is_binary, model=MODEL, **more):
    tensor = InferInput(name="image", shape=[1, 1, 8, 8], datatype="FP32")
    tensor.set_data_from_numpy(IMAGE, binary_data=is_binary)
    return InferRequest(model_name=model, infer_inputs=[tensor], **more)


def right(answer):
    """An InferResponse, or the JSON of one."""
    outputs = answer["outputs"] if isinstance(answer, dict) else [{"name": one.name, "data": one.as_numpy().ravel().tolist()} for one in answer.outputs]
    named = {output["name"]: output["data"] for output in outputs}
    return named.keys() == WANTED.keys() and all(np.allclose(named[name], data, rtol=1e-4, atol=1e-5) for name, data in WANTED.items())


def right_prediction(answer):
    [row] = answer["predictions"]
    return row["label"] == WANTED["label"][0] and np.allclose(row["probabilities"], WANTED["probabilities"], rtol=1e-4, atol=1e-5)


async def rest(log, base, **config):
    clients = []
    protocol = config["protocol"]
    label = f"InferenceRESTClient {' '.join(config)}"
    await log.check(label, lambda: clients.append(InferenceRESTClient(config=RESTConfig(**config))), lambda a: a is None)
    [client] = clients
    await (rest_v1 if protocol == "v1" else rest_v2)(log, client, base)
    await log.check(f"{protocol} close", client.close, lambda a: a is None)


def typed(datatype, array, is_binary):
    tensor = InferInput(name="IN", shape=list(array.shape), datatype=datatype)
    tensor.set_data_from_numpy(array, binary_data=is_binary)
    return InferRequest(model_name=f"identity-{datatype.lower()}", infer_inputs=[tensor])


async def datatypes(log, forms, infer):
    """Each datatype in each form; halves are only sent as bytes."""
    for datatype, array in VALUES.items():
        for form in forms:
            if form == "JSON" and datatype == "FP16":
                continue
            sent = typed(datatype, array, form != "JSON")
            await log.check(f"infer {datatype} {form}", lambda: infer(sent), lambda a: same(a.outputs[0].as_numpy(), array))


def same(have, want):
    return [one.encode() if isinstance(one, str) else one for one in have.tolist()] == want.tolist()


async def rest_v2(log, client, base):
    await log.check("v2 is_server_live", lambda: client.is_server_live(base), lambda a: a is True)
    await log.check("v2 is_server_ready", lambda: client.is_server_ready(base), lambda a: a is True)
    await log.check("v2 is_model_ready", lambda: client.is_model_ready(base, model_name=MODEL), lambda a: a is True)
    for form in (False, True):
        name = f"v2 infer {'binary' if form else 'JSON'}"
        await log.check(name, lambda: client.infer(base, request(form), model_name=MODEL), right)
    await log.check("v2 infer dict", lambda: client.infer(base, {"inputs": CASE["inputs"]}, model_name=MODEL), right)
    seen = {}
    await log.check(
        "v2 infer response_headers",
        lambda: client.infer(base, request(False), model_name=MODEL, response_headers=seen),
        lambda a: right(a) and seen["content-type"] == "application/json",
    )
    endpoint = f"{base}/v2/models/{MODEL}/infer"
    await log.check("v2 infer is_graph_endpoint", lambda: client.infer(endpoint, request(False), is_graph_endpoint=True), right)
    identified = request(False, request_id="r-1", parameters={"text": "a", "number": 1})
    await log.check("v2 infer request_id", lambda: client.infer(base, identified, model_name=MODEL), lambda a: a.id == "r-1" and right(a))
    label_only = request(True, request_outputs=[RequestedOutput("label")])
    await log.check("v2 infer request_outputs", lambda: client.infer(base, label_only, model_name=MODEL), lambda a: [one.name for one in a.outputs] == ["label"])
    await log.refused("v2 infer unknown", lambda: client.infer(base, request(False), model_name="absent"), ['The model "absent"', "404"])
    await log.refused("v2 infer, other namespace", lambda: client.infer(base, request(False), model_name=MODEL, headers=ELSEWHERE), ['"elsewhere"', "404"])
    await log.check("v2 is_model_ready unknown", lambda: client.is_model_ready(base, "absent"), lambda a: a is False)
    await datatypes(log, ("binary", "JSON"), lambda sent: client.infer(base, sent, model_name=sent.model_name))
    await log.refused("v2 explain", lambda: client.explain(base, MODEL, {}), ["UnsupportedProtocol"])


async def rest_v1(log, client, base):
    instances = {"instances": IMAGE.tolist()}
    await log.check("v1 is_server_live", lambda: client.is_server_live(base), lambda a: a is True)
    await log.check("v1 is_model_ready", lambda: client.is_model_ready(base, MODEL), lambda a: a is True)
    await log.check("v1 infer", lambda: client.infer(base, instances, model_name=MODEL), right_prediction)
    await log.refused("v1 explain", lambda: client.explain(base, MODEL, instances), ["is not supported", "501"])
    await log.refused("v1 infer unknown", lambda: client.infer(base, instances, model_name="absent"), ['The model "absent"', "404"])
    await log.refused("v1 is_server_ready", lambda: client.is_server_ready(base), ["UnsupportedProtocol"])


async def grpc(log, address, **options):
    clients = []
    label = f"InferenceGRPCClient {' '.join(options)}"
    await log.check(label, lambda: clients.append(InferenceGRPCClient(url=address, **options)), lambda a: a is None)
    [client] = clients
    await log.check("is_server_live", lambda: client.is_server_live(), lambda a: a is True)
    await log.check("is_server_ready", lambda: client.is_server_ready(), lambda a: a is True)
    await log.check("is_model_ready", lambda: client.is_model_ready(MODEL), lambda a: a is True)
    for form in (True, False):
        name = f"infer {'raw' if form else 'typed'}"
        await log.check(name, lambda: client.infer(request(form)), right)
    identified = request(True, request_id="r-1", parameters={"text": "a", "number": 1})
    await log.check("infer request_id", lambda: client.infer(identified), lambda a: a.id == "r-1" and right(a))
    await datatypes(log, ("raw",), client.infer)
    await log.refused("infer unknown", lambda: client.infer(request(True, "absent")), ["NOT_FOUND", 'The model "absent"'])
    await log.refused("infer, other namespace", lambda: client.infer(request(True), headers=tuple(ELSEWHERE.items())), ["NOT_FOUND", '"elsewhere"'])
    await log.check("is_model_ready unknown", lambda: client.is_model_ready("absent"), lambda a: a is False)
    await log.check("close", client.close, lambda a: a is None)


async def over_rest():
    log = CallLog("kserve REST")
    log.watch(InferenceRESTClient)
    log.watch(RESTConfig)
    more = {"retries": 1, "timeout": 30, "auth": httpx.BasicAuth("name", "password"), "verbose": True}
    for protocol in ("v2", "v1"):
        await rest(log, f"http://{ADDRESS}", protocol=protocol)
    log.extra_options = {"timeout": 30, "headers": HEADERS}
    for protocol in ("v2", "v1"):
        log.stage = "with options"
        await rest(log, f"http://{ADDRESS}", protocol=protocol, transport=httpx.AsyncHTTPTransport(retries=1), **more)
        log.stage = "HTTP/2 over TLS"
        await rest(log, f"https://{TLS_ADDRESS}", protocol=protocol, cert=(FILES.certificate, FILES.key), verify=FILES.context(), http2=True)
    log.finish()


async def over_grpc():
    log = CallLog("kserve gRPC")
    log.watch(InferenceGRPCClient)
    await grpc(log, ADDRESS)
    log.extra_options, log.stage = {"timeout": 30.0, "headers": tuple(HEADERS.items())}, "with options"
    await grpc(log, ADDRESS, verbose=True, timeout=20.0, retries=2, channel_args=[("grpc.primary_user_agent", "real-clients")])
    log.stage = "over TLS"
    await grpc(log, TLS_ADDRESS, use_ssl=True, root_certificates=FILES.authority, private_key=FILES.key, certificate_chain=FILES.certificate)
    await grpc(log, TLS_ADDRESS, creds=grpc_module.ssl_channel_credentials(*FILES.contents()))
    log.finish()


async def main():
    await over_rest()
    await over_grpc()


asyncio.run(main())
