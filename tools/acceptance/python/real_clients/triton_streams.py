"""Inferences by tritonclient whose answers come later: handles, callbacks, streams."""
import asyncio
import queue
import urllib.request

from triton_subject import MODEL, response_of

WAIT_SECONDS = 20


async def later(s):
    """What only one of the four clients has."""
    if s.is_http:
        await bodies(s)
        if not s.is_aio:
            await handles(s)
    elif s.is_aio:
        await aio_stream(s)
    else:
        await callbacks(s)
        await streams(s)


async def handles(s):
    await s.log.check("async_infer get_result", lambda: s.client.async_infer(MODEL, [s.image(2)]).get_result(block=True, timeout=WAIT_SECONDS), s.right(2))
    everything = {**options(s), "request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    await s.log.check("async_infer, options", lambda: s.client.async_infer(MODEL, [s.image()], **everything).get_result(), s.right(1, ["label"]))
    await s.log.refused("async_infer sequence_id", lambda: s.client.async_infer(MODEL, [s.image()], **sequence).get_result(), s.refusal("UNIMPLEMENTED", "A sequence"))


sequence = {"sequence_id": 5, "sequence_start": True, "sequence_end": True}


def options(s):
    label = s.module.InferRequestedOutput("label")
    return {"model_version": "1", "outputs": [label], "request_id": "a-1", "priority": 1, "timeout": 20_000_000, "parameters": {"text": "a"}}


async def bodies(s):
    """The body that the client makes and the answer that it reads, sent by another HTTP client."""
    make, read = type(s.client).generate_request_body, type(s.client).parse_response_body

    def send(**more):
        body, json_size = make([s.image()], **more)
        headers = {"Inference-Header-Content-Length": str(json_size)}
        request = urllib.request.Request(f"{s.address}/v2/models/{MODEL}/infer", body, headers)
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            header_length = int(answer.headers["Inference-Header-Content-Length"] or 0)
            return read(answer.read(), verbose=False, header_length=header_length, content_encoding=answer.headers["Content-Encoding"])

    await s.log.check("generate_request_body, parse_response_body", send, s.right())
    named = {key: value for key, value in options(s).items() if key != "model_version"}
    await s.log.check("generate_request_body, options", lambda: send(**named), s.right(1, ["label"]))
    await s.log.refused("generate_request_body sequence_id", lambda: send(**sequence), ["501"])


async def callbacks(s):
    answers = queue.Queue()

    def infer(model=MODEL, **more):
        s.client.async_infer(model, [s.image()], callback=lambda result, error: answers.put((result, error)), **more)
        result, error = answers.get(timeout=WAIT_SECONDS)
        if error:
            raise error
        return result

    await s.log.check("async_infer", infer, s.right())
    await s.log.check("async_infer, options", lambda: infer(**options(s), compression_algorithm="gzip"), s.right(1, ["label"]))
    await s.log.refused("async_infer unknown model", lambda: infer("absent"), s.refusal("NOT_FOUND", 'The model "absent"'))
    await s.log.refused("async_infer sequence_id", lambda: infer(**sequence), s.refusal("UNIMPLEMENTED", "A sequence"))


async def streams(s):
    """One reply to each request, in their order, an error among them."""

    def stream(requests, stop=None, **start):
        answers = queue.Queue()
        s.client.start_stream(lambda result, error: answers.put((result, error)), **start)
        try:
            for model, more in requests:
                s.client.async_stream_infer(model, [s.image()], **more)
            return [described(*answers.get(timeout=WAIT_SECONDS)) for _ in requests]
        finally:
            s.client.stop_stream(**(stop or {}))

    three = [(MODEL, {"request_id": "1"}), ("absent", {"request_id": "2"}), (MODEL, {"request_id": "3"})]
    wanted = [("1", True), ("error", 'The model "absent"'), ("3", True)]

    def described(result, error):
        return ("error", str(error.message())[:18]) if error else (response_of(result)["id"], s.right()(result))

    await s.log.check("start_stream, async_stream_infer, stop_stream", lambda: stream(three), lambda a: a == wanted)
    settings = {"stream_timeout": 60.0, "compression_algorithm": "gzip"}
    await s.log.check("start_stream, options", lambda: stream(three * 20, **settings), lambda a: a == wanted * 20)
    both = {**options(s), "outputs": None, "enable_empty_final_response": True}
    await s.log.check("async_stream_infer, options", lambda: stream([(MODEL, both)]), lambda a: a == [("a-1", True)])
    refusal = [("error", "A sequence of requ")]
    await s.log.check("async_stream_infer sequence_id", lambda: stream([(MODEL, sequence)]), lambda a: a == refusal)
    await s.log.check("stop_stream cancel_requests", lambda: stream(three[:1], {"cancel_requests": True}), lambda a: a == wanted[:1])


async def aio_stream(s):
    async def requests(count):
        for index in range(count):
            model = "absent" if index == 1 else MODEL
            yield {"model_name": model, "inputs": [s.image()], "request_id": str(index)}

    async def stream(count, **more):
        answers = []
        async for result, error in s.client.stream_infer(requests(count), **more):
            answers.append(("error", str(error.message())[:18]) if error else (response_of(result)["id"], s.right()(result)))
        return answers

    def wanted(count):
        return [("error", 'The model "absent"') if index == 1 else (str(index), True) for index in range(count)]

    await s.log.check("stream_infer", lambda: stream(3), lambda a: a == wanted(3))
    await s.log.check("stream_infer, options", lambda: stream(40, stream_timeout=60.0, compression_algorithm="gzip"), lambda a: a == wanted(40))

    async def cancelled():
        replies = s.client.stream_infer(requests(3))
        first, _ = await asyncio.wait_for(anext(aiter(replies)), WAIT_SECONDS)
        replies.cancel()
        return first

    await s.log.check("stream_infer, cancelled", cancelled, s.right())
