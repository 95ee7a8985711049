"""Inferences by tritonclient with every option of `infer`, in every datatype, and requests that are wrong."""
import ml_dtypes
import numpy as np
from triton_subject import MODEL, plain, response_of

VALUES = {
    "BOOL": np.array([True, False]),
    **{f"UINT{bits}": np.array([0, 2**bits - 1], f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1], f"int{bits}") for bits in (8, 16, 32, 64)},
    "FP16": np.array([-1.5, 65504], np.float16),
    "BF16": np.array([-1.5, 2.0**100], ml_dtypes.bfloat16),
    "FP32": np.array([-0.1, 3.4e38], np.float32),
    "FP64": np.array([-0.1, 1.7e308], np.float64),
    "BYTES": np.array(["Grüße".encode(), b"nul \x00 inside", b""], np.object_),
}
NOT_IN_JSON = ("FP16", "BF16")


async def inference(s):
    log, client, outputs = s.log, s.client, s.module.InferRequestedOutput
    await log.check("infer", lambda: client.infer(MODEL, [s.image()]), s.right())
    await log.check("infer 20 images", lambda: client.infer(MODEL, [s.image(20)]), s.right(20))
    await log.check("infer model_version", lambda: client.infer(MODEL, [s.image()], model_version="1"), s.right())
    await log.check("infer outputs", lambda: client.infer(MODEL, [s.image()], outputs=[outputs("label")]), s.right(1, ["label"]))
    await log.check("infer request_id", lambda: client.infer(MODEL, [s.image()], request_id="r/1 ü"), lambda a: response_of(a)["id"] == "r/1 ü" and s.right()(a))
    await log.check("infer priority", lambda: client.infer(MODEL, [s.image()], priority=1), s.right())
    await log.check("infer timeout", lambda: client.infer(MODEL, [s.image()], timeout=20_000_000), s.right())
    parameters = {"text": "a", "number": 1, "truth": True}
    await log.check("infer parameters", lambda: client.infer(MODEL, [s.image()], parameters=parameters), s.right())
    await log.check("infer headers", lambda: client.infer(MODEL, [s.image()], headers={"modelyard-namespace": "default"}), s.right())
    elsewhere = {"modelyard-namespace": "elsewhere"}
    await log.refused("infer headers, other namespace", lambda: client.infer(MODEL, [s.image()], headers=elsewhere), s.refusal("NOT_FOUND", '"elsewhere"'))

    def classified():
        return client.infer(MODEL, [s.image()], outputs=[outputs("probabilities", class_count=3)])

    await log.check("infer class_count", classified, lambda a: are_classes(s, a.as_numpy("probabilities")))
    await log.check("infer get_output", lambda: client.infer(MODEL, [s.image()]), lambda a: is_output(s, a))
    await log.check("InferInput", lambda: s.image(), lambda a: (a.name(), a.shape(), a.datatype()) == ("image", [1, 1, 8, 8], "FP32"))
    await log.check("InferInput set_shape", lambda: s.image().set_shape([2, 1, 8, 8]), lambda a: a.shape() == [2, 1, 8, 8])
    await log.check("InferRequestedOutput name", lambda: outputs("label"), lambda a: a.name() == "label")


def are_classes(s, classes):
    """`value:index` of the three greatest probabilities."""
    [known] = [output["data"] for output in s.cases[0]["outputs"] if output["name"] == "probabilities"]
    wanted = sorted(range(10), key=lambda index: -known[index])[:3]
    pairs = [text.decode().split(":") for text in classes.ravel()]
    return [int(index) for _, index in pairs] == wanted and all(abs(float(value) - known[int(index)]) < 1e-4 for value, index in pairs)


def is_output(s, result):
    # With as_json=True the gRPC client gives nothing at all.
    output = plain(result.get_output("label") if s.is_http else result.get_output("label", as_json=False))
    return output["name"] == "label" and output["datatype"] == "INT64" and result.get_output("nope") is None


async def datatypes(s):
    forms = [{"binary_data": True}, {"binary_data": False}] if s.is_http else [{}]
    for datatype, array in VALUES.items():
        for form in forms:
            if form == {"binary_data": False} and datatype in NOT_IN_JSON:
                continue
            label = f"infer {datatype} {'JSON' if form == {'binary_data': False} else 'binary'}"

            def infer(array=array, datatype=datatype, form=form):
                outputs = [s.module.InferRequestedOutput("OUT", **form)]
                return s.client.infer(f"identity-{datatype.lower()}", [tensor(s, array, datatype, **form)], outputs=outputs)

            await s.log.check(label, infer, lambda a, array=array: same(a.as_numpy("OUT"), array))
    empty = np.array([], np.float32)
    await s.log.check("infer no element", lambda: s.client.infer("identity-fp32", [tensor(s, empty, "FP32")]), lambda a: same(a.as_numpy("OUT"), empty))
    latin = np.array([b"\xff"], np.object_)
    await s.log.refused("infer BYTES, not UTF-8", lambda: s.client.infer("identity-bytes", [tensor(s, latin, "BYTES")]), s.refusal("INVALID_ARGUMENT", "UTF-8"))


def tensor(s, array, datatype, name="IN", **form):
    return s.module.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array, **form)


def same(have, want):
    texts = [one.encode() if isinstance(one, str) else one for one in have.tolist()] if want.dtype == np.object_ else have.tolist()
    return have.shape == want.shape and texts == want.tolist()


async def compression(s):
    """Of tensors large enough that their answers are compressed, too."""
    large = np.arange(5000, dtype=np.float32)
    codings = [(sent, wanted) for sent in (None, "gzip", "deflate") for wanted in (None, "gzip", "deflate")]
    options = {f"sent {sent}, wanted {wanted}": {"request_compression_algorithm": sent, "response_compression_algorithm": wanted} for sent, wanted in codings}
    if not s.is_http:
        options = {algorithm: {"compression_algorithm": algorithm} for algorithm in ("gzip", "deflate")}
    for label, more in options.items():
        call = lambda more=more: s.client.infer("identity-fp32", [tensor(s, large, "FP32")], **more)
        await s.log.check(f"infer {label}", call, lambda a: same(a.as_numpy("OUT"), large))


async def wrong_requests(s):
    def refuse(call, code, word, model=MODEL, inputs=None, **options):
        return s.log.refused(call, lambda: s.client.infer(model, (inputs or (lambda: [s.image()]))(), **options), s.refusal(code, *word))

    wide = np.zeros((1, 1, 4, 16), np.float32)
    whole = np.zeros((1, 1, 8, 8), np.float64)
    await refuse("infer unknown model", "NOT_FOUND", ['The model "absent"'], model="absent")
    await refuse("infer unknown version", "NOT_FOUND", ['"77"', "served are 1"], model_version="77")
    await refuse("infer unknown input", "INVALID_ARGUMENT", ['no input "nope"', '"image"'], inputs=lambda: [s.image(name="nope")])
    await refuse("infer input twice", "INVALID_ARGUMENT", ['"image"'], inputs=lambda: [s.image(), s.image()])
    await refuse("infer unknown output", "INVALID_ARGUMENT", ['"nope"', '"label"'], outputs=[s.module.InferRequestedOutput("nope")])
    await refuse("infer wrong shape", "INVALID_ARGUMENT", ["[-1,1,8,8]", "[1,1,4,16]"], inputs=lambda: [tensor(s, wide, "FP32", "image")])
    await refuse("infer wrong datatype", "INVALID_ARGUMENT", ["FP64", "FP32"], inputs=lambda: [tensor(s, whole, "FP64", "image")])
    await refuse("infer short data", "INVALID_ARGUMENT", ['"image"'], inputs=lambda: [s.image().set_shape([2, 1, 8, 8])])
    sequence = {"sequence_id": 5, "sequence_start": True, "sequence_end": True}
    await refuse("infer sequence_id", "UNIMPLEMENTED", ["A sequence of requests"], **sequence)
    await refuse("infer sequence_id of text", "UNIMPLEMENTED", ["A sequence of requests"], **{**sequence, "sequence_id": "five"})
