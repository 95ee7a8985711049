"""Makes every public call of one of tritonclient's four clients: `triton_client.py http|http.aio|grpc|grpc.aio ADDRESS CASES`.

Twice: with nothing but what a call needs, and with the options that every call takes.
"""
import asyncio
import importlib
import sys

import triton_descriptions
import triton_extensions
import triton_inference
import triton_streams
from call_log import CallLog, settle
from triton_subject import MODEL, Subject, read_cases

FACE, ADDRESS, CASES = sys.argv[1:4]
IS_HTTP, IS_AIO = FACE.startswith("http"), FACE.endswith("aio")
client_module = importlib.import_module(f"tritonclient.{FACE}")
tensor_module = importlib.import_module("tritonclient.http" if IS_HTTP else "tritonclient.grpc")
auth_module = importlib.import_module(f"tritonclient.{'http' if IS_HTTP else 'grpc'}.auth")



def client_options():
    """What the constructor takes, besides encryption."""
    if FACE == "http":
        return {"concurrency": 2, "connection_timeout": 20.0, "network_timeout": 20.0, "max_greenlets": 2, "verbose": True}
    if FACE == "http.aio":
        return {"conn_limit": 4, "conn_timeout": 20.0, "verbose": True}
    keepalive = tensor_module.KeepAliveOptions(keepalive_time_ms=60_000, keepalive_timeout_ms=20_000, http2_max_pings_without_data=2)
    return {"keepalive_options": keepalive, "channel_args": [("grpc.primary_user_agent", "real-clients")], "verbose": True}


def call_options():
    """What every call takes."""
    headers = {"headers": {"modelyard-namespace": "default"}}
    return {**headers, "query_params": {"a": "b c", "n": [1, 2]}} if IS_HTTP else {**headers, "client_timeout": 30.0, "as_json": True}


async def one_pass(log, options):
    clients = []
    await log.check("InferenceServerClient", lambda: clients.append(client_module.InferenceServerClient(ADDRESS, **options)), lambda a: a is None)
    [client] = clients
    subject = Subject(log, client, tensor_module, read_cases(CASES), IS_HTTP, IS_AIO, f"http://{ADDRESS}")
    for calls in (
        triton_descriptions.health,
        triton_descriptions.metadata,
        triton_descriptions.configuration,
        triton_descriptions.statistics,
        triton_descriptions.repository,
        triton_inference.inference,
        triton_inference.datatypes,
        triton_inference.compression,
        triton_inference.wrong_requests,
        triton_streams.later,
        triton_extensions.unsupported,
    ):
        await calls(subject)
    await triton_extensions.plugins(subject, auth_module.BasicAuth)
    await log.check("close", client.close, lambda a: a is None)


async def main():
    log = CallLog(f"tritonclient.{FACE}")
    log.watch(client_module.InferenceServerClient)
    log.watch(tensor_module.InferInput)
    log.watch(tensor_module.InferRequestedOutput)
    log.watch(tensor_module.InferResult, is_made_by_scripts=False)
    if FACE == "http":
        log.watch(client_module.InferAsyncRequest, is_made_by_scripts=False)
    if IS_HTTP:
        log.leave_out("InferResult.from_response_body", "parse_response_body is this one by another name")
    await one_pass(log, {})
    log.extra_options = call_options()
    await one_pass(log, client_options())
    log.finish()


asyncio.run(main())
