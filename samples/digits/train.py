"""Makes the sample model: a small convolutional network for handwritten digits, written as ONNX.

    python -m venv /tmp/digits && /tmp/digits/bin/pip install -r samples/digits/requirements.txt
    /tmp/digits/bin/python samples/digits/train.py [--out DIR]

Writes digits.onnx, cases.json, digits-NN.png and manifest.json. The seed is fixed and one thread computes: running it twice on one machine
gives the same bytes. Ends with an error when the network is too large or too weak.
"""

import os

# More threads would add up in another order. Must be set before numpy is imported.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits

SEED = 20260401
HELD_OUT_ROWS = 360
EPOCHS = 60
BATCH_ROWS = 64
LEARNING_RATE = 2e-3
CHANNELS = (16, 32)
HIDDEN = 48
MAX_SIZE_BYTES = 200_000
MIN_ACCURACY = 0.97
CASES_PER_DIGIT = 2


def load_rows(rng):
    """Pictures as pixels 0 to 255, float32 [rows, 1, 8, 8], and digits; shuffled, so that neither part holds one writer only."""
    data = load_digits()
    pixels = np.rint(data.images * 255 / 16).astype(np.float32)[:, None]
    order = rng.permutation(len(pixels))
    return pixels[order], data.target[order], order


def patches(x):
    """3 x 3 surroundings of every pixel, zeros beyond the edge: [rows, channels * 9, height, width]."""
    rows, channels, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    views = [padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.stack(views, axis=2).reshape(rows, channels * 9, height, width)


def unpatch(grad, channels):
    """Adds what flowed into each surrounding back to its pixels."""
    rows, _, height, width = grad.shape
    grad = grad.reshape(rows, channels, 9, height, width)
    padded = np.zeros((rows, channels, height + 2, width + 2), np.float32)
    for k in range(9):
        i, j = divmod(k, 3)
        padded[:, :, i : i + height, j : j + width] += grad[:, :, k]
    return padded[:, :, 1:-1, 1:-1]


def initial_weights(rng):
    first, second = CHANNELS

    def scaled(shape, inputs):
        return (rng.standard_normal(shape) * np.sqrt(2 / inputs)).astype(np.float32)

    def zeros(count):
        return np.zeros(count, np.float32)

    return {
        "conv1.weight": scaled((first, 1, 3, 3), 9),
        "conv1.bias": zeros(first),
        "conv2.weight": scaled((second, first, 3, 3), first * 9),
        "conv2.bias": zeros(second),
        "dense1.weight": scaled((second * 16, HIDDEN), second * 16),
        "dense1.bias": zeros(HIDDEN),
        "dense2.weight": scaled((HIDDEN, 10), HIDDEN),
        "dense2.bias": zeros(10),
    }


def convolve(x, weight, bias):
    surroundings = patches(x)
    flat = weight.reshape(len(weight), -1)
    return np.einsum("ok,nkhw->nohw", flat, surroundings, optimize=True) + bias[:, None, None], surroundings


def forward(weights, x):
    """Logits, and what the way back needs."""
    z1, s1 = convolve(x / np.float32(255), weights["conv1.weight"], weights["conv1.bias"])
    a1 = np.maximum(z1, 0)
    z2, s2 = convolve(a1, weights["conv2.weight"], weights["conv2.bias"])
    a2 = np.maximum(z2, 0)
    rows, channels = a2.shape[:2]
    windows = a2.reshape(rows, channels, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(rows, channels, 4, 4, 4)
    winner = windows.argmax(axis=-1)
    pooled = windows.max(axis=-1).reshape(rows, -1)
    z3 = pooled @ weights["dense1.weight"] + weights["dense1.bias"]
    a3 = np.maximum(z3, 0)
    logits = a3 @ weights["dense2.weight"] + weights["dense2.bias"]
    return logits, (s1, z1, s2, z2, winner, pooled, z3, a3)


def backward(weights, kept, grad):
    """Gradients of the weights from that of the logits."""
    s1, z1, s2, z2, winner, pooled, z3, a3 = kept
    grads = {"dense2.weight": a3.T @ grad, "dense2.bias": grad.sum(0)}
    grad = grad @ weights["dense2.weight"].T * (z3 > 0)
    grads |= {"dense1.weight": pooled.T @ grad, "dense1.bias": grad.sum(0)}
    grad = (grad @ weights["dense1.weight"].T).reshape(winner.shape)
    windows = (np.arange(4) == winner[..., None]) * grad[..., None]
    rows, channels = winner.shape[:2]
    grad = windows.reshape(rows, channels, 4, 4, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(rows, channels, 8, 8) * (z2 > 0)
    grads |= convolution_grads("conv2", weights, s2, grad)
    flat = weights["conv2.weight"].reshape(channels, -1)
    grad = unpatch(np.einsum("ok,nohw->nkhw", flat, grad, optimize=True), CHANNELS[0]) * (z1 > 0)
    return grads | convolution_grads("conv1", weights, s1, grad)


def convolution_grads(name, weights, surroundings, grad):
    weight = np.einsum("nohw,nkhw->ok", grad, surroundings, optimize=True).reshape(weights[f"{name}.weight"].shape)
    return {f"{name}.weight": weight, f"{name}.bias": grad.sum((0, 2, 3))}


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def shifted(rng, x):
    """Moves each picture by at most one pixel each way, so that the network does not learn positions by heart."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    down, right = rng.integers(0, 3, (2, len(x)))
    return np.stack([padded[n, :, i : i + 8, j : j + 8] for n, (i, j) in enumerate(zip(down, right))])


def train(rng, x, digits):
    """Adam with a falling rate on the cross entropy."""
    weights = initial_weights(rng)
    mean = {name: np.zeros_like(value) for name, value in weights.items()}
    square = {name: np.zeros_like(value) for name, value in weights.items()}
    step = 0
    steps = EPOCHS * -(-len(x) // BATCH_ROWS)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH_ROWS):
            rows = order[start : start + BATCH_ROWS]
            logits, kept = forward(weights, shifted(rng, x[rows]))
            grad = (softmax(logits) - np.eye(10, dtype=np.float32)[digits[rows]]) / np.float32(len(rows))
            rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            for name, value in backward(weights, kept, grad).items():
                mean[name] = 0.9 * mean[name] + 0.1 * value
                square[name] = 0.999 * square[name] + 0.001 * value**2
                update = mean[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8)
                weights[name] = (weights[name] - rate * update).astype(np.float32)
    return weights


def to_onnx(weights):
    constants = weights | {"scale": np.array(1 / 255, np.float32)}
    node = helper.make_node
    nodes = [
        node("Mul", ["image", "scale"], ["scaled"]),
        node("Conv", ["scaled", "conv1.weight", "conv1.bias"], ["conv1"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["conv1"], ["relu1"]),
        node("Conv", ["relu1", "conv2.weight", "conv2.bias"], ["conv2"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["conv2"], ["relu2"]),
        node("MaxPool", ["relu2"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["pooled"], ["flat"]),
        node("Gemm", ["flat", "dense1.weight", "dense1.bias"], ["dense1"]),
        node("Relu", ["dense1"], ["relu3"]),
        node("Gemm", ["relu3", "dense2.weight", "dense2.bias"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=1),
        node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10]),
            helper.make_tensor_value_info("label", TensorProto.INT64, ["batch"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, producer_name="modelyard-samples", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def answer(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(["probabilities", "label"], {"image": x})


def shortest(values):
    """Numbers with the fewest digits that give the same float32."""
    return [float(np.format_float_positional(value, unique=True)) for value in values.astype(np.float32).ravel()]


def case_of(number, row, pixels, digit, model):
    probabilities, label = answer(model, pixels[None])
    return {
        "id": f"digits-{number:02d}",
        "inputs": [{"name": "image", "shape": [1, 1, 8, 8], "datatype": "FP32", "data": shortest(pixels)}],
        "outputs": [
            {"name": "probabilities", "shape": [1, 10], "datatype": "FP32", "data": shortest(probabilities)},
            {"name": "label", "shape": [1], "datatype": "INT64", "data": label.tolist()},
        ],
        "tolerance": {"abs": 1e-05, "rel": 1e-04},
        "source": f"held-out row {row} of scikit-learn's load_digits, a handwritten {digit}; the picture is digits-{number:02d}.png",
        "verified": f"computed with onnxruntime {version('onnxruntime')}",
        "argmax": int(label[0]),
    }


def write_cases(out, model, held_out):
    """Some rows of every digit, in the order of the held-out part, and their pictures."""
    pixels, digits, rows = held_out
    chosen = [n for digit in range(10) for n in np.flatnonzero(digits == digit)[:CASES_PER_DIGIT]]
    cases = [case_of(number, int(rows[n]), pixels[n], int(digits[n]), model) for number, n in enumerate(chosen)]
    lines = ",\n".join(json.dumps(case) for case in cases)
    (out / "cases.json").write_text(f"[\n{lines}\n]\n")
    for number, n in enumerate(chosen):
        Image.fromarray(pixels[n, 0].astype(np.uint8)).save(out / f"digits-{number:02d}.png", optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: the script's)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    pixels, digits, rows = load_rows(rng)
    held_out = (pixels[:HELD_OUT_ROWS], digits[:HELD_OUT_ROWS], rows[:HELD_OUT_ROWS])
    weights = train(rng, pixels[HELD_OUT_ROWS:], digits[HELD_OUT_ROWS:])
    model = to_onnx(weights)
    right = int((answer(model, held_out[0])[1] == held_out[1]).sum())
    if len(model) >= MAX_SIZE_BYTES or right < MIN_ACCURACY * HELD_OUT_ROWS:
        raise SystemExit(f"Not good enough: {len(model)} bytes, {right} of {HELD_OUT_ROWS} right")
    (out / "digits.onnx").write_bytes(model)
    write_cases(out, model, held_out)
    manifest = {
        "model": "digits.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "sizeBytes": len(model),
        "parameters": sum(value.size for value in weights.values()),
        "seed": SEED,
        "trainingRows": len(pixels) - HELD_OUT_ROWS,
        "heldOutRows": HELD_OUT_ROWS,
        "heldOutRight": right,
        "packages": {name: version(name) for name in ("numpy", "onnx", "onnxruntime", "pillow", "scikit-learn")},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(json.dumps(manifest))


if __name__ == "__main__":
    main()
