"""What the models of the checks do, for servers that run models written in Python: the same as their ONNX files."""
import numpy as np

PIXELS = 784
SCORES = 10
WEIGHTS = (((np.arange(PIXELS * SCORES) % 7) - 3) / PIXELS).astype(np.float32).reshape(PIXELS, SCORES)
BIAS = (np.arange(SCORES) / SCORES).astype(np.float32)


def scores(image):
    """The ten scores of an image."""
    return image.astype(np.float32).reshape(1, PIXELS) @ WEIGHTS + BIAS


def complaint(expected, got):
    """Why inputs do not suit a model, as a diligent author would check it; None when they do. `got`: (name, datatype, shape) of each."""
    by_name = {name: (datatype, shape) for name, datatype, shape in got}
    if sorted(name for name, _, _ in got) != sorted(tensor["name"] for tensor in expected):
        return f"expected the inputs {[tensor['name'] for tensor in expected]}, got {[name for name, _, _ in got]}"
    for tensor in expected:
        datatype, shape = by_name[tensor["name"]]
        if datatype != tensor["datatype"]:
            return f"expected {tensor['name']} to be {tensor['datatype']}, got {datatype}"
        if len(shape) != len(tensor["shape"]) or any(want not in (-1, have) for want, have in zip(tensor["shape"], shape)):
            return f"expected {tensor['name']} to have the shape {tensor['shape']}, got {list(shape)}"
    return None


def unknown_output(known, asked):
    """The first output that was asked for and is none; None when there is none."""
    return next((name for name in asked if name not in {tensor["name"] for tensor in known}), None)
