"""Extensions of the protocol that are refused by name, and the plugins of a client."""
import base64

from triton_subject import MODEL

REASONS = {
    "trace": "The trace extension",
    "log": "The logging extension",
    "system": "System shared memory is not supported",
    "cuda": "CUDA shared memory is not supported",
}


async def unsupported(s):
    client, handle = s.client, base64.b64encode(bytes(64))
    calls = [
        ("trace", "get_trace_settings", lambda: client.get_trace_settings()),
        ("trace", "get_trace_settings model_name", lambda: client.get_trace_settings(model_name=MODEL)),
        ("trace", "update_trace_settings", lambda: client.update_trace_settings(settings={"trace_rate": "1"})),
        ("trace", "update_trace_settings model_name", lambda: client.update_trace_settings(model_name=MODEL, settings={"trace_rate": None})),
        ("log", "get_log_settings", lambda: client.get_log_settings()),
        ("log", "update_log_settings", lambda: client.update_log_settings({"log_info": True, "log_verbose_level": 1})),
        ("system", "get_system_shared_memory_status", lambda: client.get_system_shared_memory_status()),
        ("system", "get_system_shared_memory_status name", lambda: client.get_system_shared_memory_status(region_name="region")),
        ("system", "register_system_shared_memory", lambda: client.register_system_shared_memory("region", "/region", 256, offset=16)),
        ("system", "unregister_system_shared_memory", lambda: client.unregister_system_shared_memory()),
        ("system", "unregister_system_shared_memory name", lambda: client.unregister_system_shared_memory(name="region")),
        ("cuda", "get_cuda_shared_memory_status", lambda: client.get_cuda_shared_memory_status()),
        ("cuda", "get_cuda_shared_memory_status name", lambda: client.get_cuda_shared_memory_status(region_name="region")),
        ("cuda", "register_cuda_shared_memory", lambda: client.register_cuda_shared_memory("region", handle, 0, 256)),
        ("cuda", "unregister_cuda_shared_memory", lambda: client.unregister_cuda_shared_memory()),
        ("cuda", "unregister_cuda_shared_memory name", lambda: client.unregister_cuda_shared_memory(name="region")),
    ]
    for extension, call, action in calls:
        await s.log.refused(call, action, s.refusal("UNIMPLEMENTED", REASONS[extension]))
    await shared_memory_of_tensors(s)


async def shared_memory_of_tensors(s):
    """A tensor in a region is refused; the same tensor is right again when it is no longer in one."""
    place = {"region_name": "region", "byte_size": 256, "offset": 16}

    def input_in_region():
        return s.client.infer(MODEL, [s.image().set_shared_memory(**place)])

    def output(is_unset):
        one = s.module.InferRequestedOutput("label")
        one.set_shared_memory(**place)
        if is_unset:
            one.unset_shared_memory()
        return s.client.infer(MODEL, [s.image()], outputs=[one])

    await s.log.refused("infer InferInput.set_shared_memory", input_in_region, s.refusal("UNIMPLEMENTED", 'the input "image"'))
    await s.log.refused("infer InferRequestedOutput.set_shared_memory", lambda: output(False), s.refusal("UNIMPLEMENTED", 'the output "label"'))
    await s.log.check("infer InferRequestedOutput.unset_shared_memory", lambda: output(True), s.right(1, ["label"]))


async def plugins(s, basic_auth):
    """A plugin may add headers to every call, here those of another namespace, of the own one, and of basic authentication."""
    log, client = s.log, s.client

    class InNamespace:
        def __init__(self, name):
            self.name = name

        def __call__(self, request):
            request.headers["modelyard-namespace"] = self.name

    async def using(plugin, action):
        client.register_plugin(plugin)
        try:
            return await action() if s.is_aio else action()
        finally:
            client.unregister_plugin()

    def infer():
        return client.infer(MODEL, [s.image()], headers={})

    await log.refused("register_plugin, other namespace", lambda: using(InNamespace("elsewhere"), infer), s.refusal("NOT_FOUND", '"elsewhere"'))
    await log.check("register_plugin, own namespace", lambda: using(InNamespace("default"), infer), s.right())
    await log.check("register_plugin BasicAuth", lambda: using(basic_auth("name", "password"), infer), s.right())
    await log.check("plugin", client.plugin, lambda a: a is None)
    await log.refused("unregister_plugin twice", client.unregister_plugin, ["No plugin has been registered"])
