"""What tritonclient asks of a server and its models besides inferences: health, metadata, configuration, statistics, the model repository."""
from triton_subject import MODEL, SPARE, plain, response_of


async def health(s):
    log, client = s.log, s.client
    await log.check("is_server_live", client.is_server_live, lambda a: a is True)
    await log.check("is_server_ready", client.is_server_ready, lambda a: a is True)
    await log.check("is_model_ready", lambda: client.is_model_ready(MODEL), lambda a: a is True)
    await log.check("is_model_ready version", lambda: client.is_model_ready(MODEL, model_version="1"), lambda a: a is True)
    await log.check("is_model_ready unknown version", lambda: client.is_model_ready(MODEL, model_version="7"), lambda a: a is False)
    await log.check("is_model_ready unknown", lambda: client.is_model_ready("absent"), lambda a: a is False)


async def metadata(s):
    log, client = s.log, s.client
    extensions = {"binary_tensor_data", "classification", "model_configuration", "model_repository", "statistics"}
    await log.check(
        "get_server_metadata",
        client.get_server_metadata,
        lambda a: plain(a)["name"] == "modelyard" and plain(a)["version"] and extensions <= set(plain(a)["extensions"]),
    )
    wanted = {
        "name": MODEL,
        "versions": ["1"],
        "platform": "onnx_onnxruntime",
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 1, 8, 8]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}, {"name": "label", "datatype": "INT64", "shape": [-1]}],
    }
    await log.check("get_model_metadata", lambda: client.get_model_metadata(MODEL), lambda a: with_numbers(plain(a)) == wanted)
    await log.check("get_model_metadata version", lambda: client.get_model_metadata(MODEL, model_version="1"), lambda a: with_numbers(plain(a)) == wanted)
    await log.refused("get_model_metadata unknown", lambda: client.get_model_metadata("absent"), s.refusal("NOT_FOUND", 'The model "absent"'))
    await log.refused("get_model_metadata unknown version", lambda: client.get_model_metadata(MODEL, "7"), s.refusal("NOT_FOUND", "served are 1"))


def with_numbers(value):
    """gRPC's numbers of 64 bits as numbers."""
    if isinstance(value, dict):
        return {key: [int(size) for size in each] if key in ("shape", "dims") else with_numbers(each) for key, each in value.items()}
    return [with_numbers(each) for each in value] if isinstance(value, list) else value


async def configuration(s):
    def holds(answer):
        config = plain(answer) if s.is_http else plain(answer)["config"]
        tensors = with_numbers({"input": config["input"], "output": config["output"]})
        return (
            (config["name"], config["platform"], config["backend"]) == (MODEL, "onnxruntime_onnx", "onnxruntime")
            and config["max_batch_size"] > 0
            and tensors["input"] == [{"name": "image", "data_type": "TYPE_FP32", "dims": [1, 8, 8]}]
            and [one["data_type"] for one in tensors["output"]] == ["TYPE_FP32", "TYPE_INT64"]
        )

    await s.log.check("get_model_config", lambda: s.client.get_model_config(MODEL), holds)
    await s.log.check("get_model_config version", lambda: s.client.get_model_config(MODEL, model_version="1"), holds)
    await s.log.refused("get_model_config unknown", lambda: s.client.get_model_config("absent"), s.refusal("NOT_FOUND", 'The model "absent"'))


async def statistics(s):
    """Three inferences, one of them of two images, are counted as such."""
    log, client = s.log, s.client
    counts = []

    def holds(answer):
        [one] = plain(answer)["model_stats"]
        success = one["inference_stats"]["success"]
        counts.append((int(one["inference_count"]), int(one["execution_count"]), int(success["count"])))
        return one["name"] == MODEL and one["version"] == "1" and (int(success["ns"]) > 0) == (int(success["count"]) > 0)

    await log.check("get_inference_statistics", lambda: client.get_inference_statistics(MODEL), holds)
    for rows in (1, 1, 2):
        await log.check("infer, counted", lambda: client.infer(MODEL, [s.image(rows)]), s.right(rows))
    await log.check(
        "get_inference_statistics version",
        lambda: client.get_inference_statistics(MODEL, model_version="1"),
        lambda a: holds(a) and [after - before for before, after in zip(*counts)] == [4, 3, 3],
    )
    await log.check(
        "get_inference_statistics of all",
        client.get_inference_statistics,
        lambda a: {MODEL, SPARE, "identity-fp32"} <= {one["name"] for one in plain(a)["model_stats"]},
    )
    await log.refused("get_inference_statistics unknown", lambda: client.get_inference_statistics("absent"), s.refusal("NOT_FOUND", "absent"))


async def repository(s):
    log, client = s.log, s.client

    def state(wanted):
        def holds(answer):
            index = plain(answer) if s.is_http else plain(answer)["models"]
            found = {one["name"]: (one["version"], one["state"], one.get("reason", "")) for one in index}
            return found[MODEL] == ("1", "READY", "") and found[SPARE] == ("1", *wanted)

        return holds

    await log.check("get_model_repository_index", client.get_model_repository_index, state(("READY", "")))
    for options in ({}, {"unload_dependents": True}):
        label = f"unload_model {options or ''}"
        await log.check(label, lambda: client.unload_model(SPARE, **options), lambda a: a is None)
        await log.check("is_model_ready, unloaded", lambda: client.is_model_ready(SPARE), lambda a: a is False)
        await log.check("get_model_repository_index, unloaded", client.get_model_repository_index, state(("UNAVAILABLE", "unloaded")))
        await log.refused("infer, unloaded", lambda: client.infer(SPARE, [s.image()]), s.refusal("UNAVAILABLE", '"spare" is unloaded'))
        await log.check("load_model", lambda: client.load_model(SPARE), lambda a: a is None)
        await log.check("is_model_ready, loaded", lambda: client.is_model_ready(SPARE), lambda a: a is True)
        await log.check("infer, loaded", lambda: client.infer(SPARE, [s.image()]), lambda a: s.right()(a) and response_of(a)["model_name"] == SPARE)
    immutable = s.refusal("UNIMPLEMENTED", "a deployed revision is immutable")
    await log.refused("load_model config", lambda: client.load_model(SPARE, config="{}"), [*immutable, '"config"'])
    files = {"file:1/model.onnx": b"onnx"}
    await log.refused("load_model files", lambda: client.load_model(SPARE, config="{}", files=files), immutable)
    await log.refused("load_model unknown", lambda: client.load_model("absent"), s.refusal("NOT_FOUND", 'The model "absent"'))
    await log.refused("unload_model unknown", lambda: client.unload_model("absent"), s.refusal("NOT_FOUND", 'The model "absent"'))
