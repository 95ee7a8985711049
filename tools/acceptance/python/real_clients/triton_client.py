"""Makes every public call of one of tritonclient's clients: `triton_client.py http|http.aio|grpc|grpc.aio ADDRESS CASES TLS_ADDRESS TLS_FOLDER`.

Twice: with nothing but what a call needs, and with the options that every call takes. Then some over TLS, by each way to say so.
"""
import asyncio
import importlib
import sys

import triton_descriptions
import triton_extensions
import triton_inference
import triton_streams
from call_log import CallLog
from encryption import Certificates
from triton_subject import Subject, read_cases, shown

FACE, ADDRESS, CASES, TLS_ADDRESS, TLS_FOLDER = sys.argv[1:6]
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


def encrypted_options(files):
    """Each way to say what the client trusts and who it is."""
    if FACE == "http":
        import gevent.ssl

        yield {"ssl": True, "ssl_options": {"ca_certs": files.authority, "certfile": files.certificate, "keyfile": files.key}}
        yield {"ssl": True, "insecure": True, "ssl_context_factory": lambda *_, **__: files.context(gevent.ssl.create_default_context)}
    elif FACE == "http.aio":
        yield {"ssl": True, "ssl_context": files.context()}
    else:
        import grpc

        yield {"ssl": True, "root_certificates": files.authority, "private_key": files.key, "certificate_chain": files.certificate}
        yield {"creds": grpc.ssl_channel_credentials(*files.contents())}


async def connected(log, address, options):
    clients = []
    label = f"InferenceServerClient {' '.join(options)}"
    await log.check(label, lambda: clients.append(client_module.InferenceServerClient(address, **options)), lambda a: a is None)
    return Subject(log, clients[0], tensor_module, read_cases(CASES), IS_HTTP, IS_AIO, f"http://{address}")


async def one_pass(log, options):
    subject = await connected(log, ADDRESS, options)
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
    await log.check("close", subject.client.close, lambda a: a is None)


async def encrypted_pass(log, options):
    subject = await connected(log, TLS_ADDRESS, options)
    await triton_descriptions.health(subject)
    await triton_inference.compression(subject)
    if not IS_HTTP:
        await triton_streams.later(subject)
    await log.check("close", subject.client.close, lambda a: a is None)


async def main():
    log = CallLog(f"tritonclient.{FACE}", shown)
    log.watch(client_module.InferenceServerClient)
    log.watch(tensor_module.InferInput)
    log.watch(tensor_module.InferRequestedOutput)
    log.watch(tensor_module.InferResult, is_made_by_scripts=False)
    if FACE == "http":
        log.watch(client_module.InferAsyncRequest, is_made_by_scripts=False)
    if IS_HTTP:
        log.leave_out("InferResult.from_response_body", "parse_response_body is this one by another name")
    await one_pass(log, {})
    log.extra_options, log.stage = call_options(), "with options"
    await one_pass(log, client_options())
    log.stage = "over TLS"
    for options in encrypted_options(Certificates(TLS_FOLDER)):
        await encrypted_pass(log, options)
    log.finish()


asyncio.run(main())
