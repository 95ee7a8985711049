"""Writes the golden models of this folder with the reference library, so that the tests compare with something foreign.

    python -m venv /tmp/onnx && /tmp/onnx/bin/pip install onnx==1.23.2 onnxruntime==1.31.1 numpy==2.4.6
    /tmp/onnx/bin/python packages/onnx/testdata/generate.py

every-field.onnx, .json    each field of each message set; the same as JSON by protobuf's own printer
element-types.onnx         a constant of each element type, as raw data and as typed data
control-flow.onnx          If and Loop whose bodies capture outer values
classifier-*.onnx, .json   classifiers that end in ZipMap, with the answers of onnxruntime
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).parent
SAMPLES = {
    FieldDescriptor.CPPTYPE_INT32: [-(2**31), 7],
    FieldDescriptor.CPPTYPE_INT64: [-(2**63), 2**62 + 1],
    FieldDescriptor.CPPTYPE_UINT64: [2**64 - 1, 0],
    FieldDescriptor.CPPTYPE_FLOAT: [-0.0, 0.1],
    FieldDescriptor.CPPTYPE_DOUBLE: [5e-324, 0.1],
    FieldDescriptor.CPPTYPE_ENUM: [1, 0],
}


def sample(field, index):
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return bytes([0, 255, index]) if field.type == FieldDescriptor.TYPE_BYTES else f"{field.name} ü {index}"
    return SAMPLES[field.cpp_type][index]


def fill(message, depth):
    """Sets every field; of a oneof the member that the depth picks. Messages within messages end at depth 0."""
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof and oneof.fields[depth % len(oneof.fields)] is not field:
            continue
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            if field.is_repeated:
                getattr(message, field.name).extend([sample(field, 0), sample(field, 1)])
            else:
                setattr(message, field.name, sample(field, 0))
        elif depth > 0:
            inner = getattr(message, field.name)
            fill(inner.add() if field.is_repeated else inner, depth - 1)
            if not field.is_repeated:
                inner.SetInParent()


def write_every_field():
    model = onnx.ModelProto()
    fill(model, 5)
    (OUT / "every-field.onnx").write_bytes(model.SerializeToString(deterministic=True))
    text = json_format.MessageToJson(model, use_integers_for_enums=True, indent=None)
    (OUT / "every-field.json").write_text(text + "\n")


def save(name, graph, opsets, **options):
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10, producer_name="golden", **options)
    data = model.SerializeToString(deterministic=True)
    (OUT / name).write_bytes(data)
    return data


def write_element_types():
    constants = []
    for name, code in TensorProto.DataType.items():
        if name in ("UNDEFINED", "STRING"):
            continue
        array = np.ones((3, 3), helper.tensor_dtype_to_np_dtype(code))
        constants.append(numpy_helper.from_array(array, f"{name}.raw"))
        constants.append(helper.make_tensor(f"{name}.typed", code, (3, 3), array.flatten()))
    constants.append(helper.make_tensor("STRING.typed", TensorProto.STRING, (2,), ["a", "ü"]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    save("element-types.onnx", helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "types", [x], [y], constants), {"": 21})


def write_control_flow():
    value, scalar = helper.make_tensor_value_info, []
    branch = [
        helper.make_graph([helper.make_node(op, ["x"], [op])], op, [], [value(op, TensorProto.FLOAT, ["n"])]) for op in ("Abs", "Neg")
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["on_next"]), helper.make_node("Add", ["sum", "x"], ["sum_next"])],
        "body",
        [value("i", TensorProto.INT64, scalar), value("on", TensorProto.BOOL, scalar), value("sum", TensorProto.FLOAT, ["n"])],
        [value("on_next", TensorProto.BOOL, scalar), value("sum_next", TensorProto.FLOAT, ["n"])],
    )
    nodes = [
        helper.make_node("If", ["positive"], ["start"], then_branch=branch[0], else_branch=branch[1]),
        helper.make_node("Loop", ["times", "", "start"], ["y"], body=body),
    ]
    inputs = [value("x", TensorProto.FLOAT, ["n"]), value("positive", TensorProto.BOOL, scalar)]
    times = numpy_helper.from_array(np.array(3, np.int64), "times")
    save("control-flow.onnx", helper.make_graph(nodes, "control", inputs, [value("y", TensorProto.FLOAT, ["n"])], [times]), {"": 21})


def write_classifier(name, labels, label_type):
    attribute = "ints" if label_type == TensorProto.INT64 else "strings"
    classifier = helper.make_node(
        "LinearClassifier",
        ["x"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        coefficients=[1.0, 0, -1, 2, 0, 1, 1, -1, 0.5, 0.5, 0.5, 0.5],
        intercepts=[0.0, 0.25, 0.5],
        post_transform="SOFTMAX",
        **{f"classlabels_{attribute}": labels},
    )
    key = "int64s" if label_type == TensorProto.INT64 else "strings"
    zipmap = helper.make_node("ZipMap", ["scores"], ["probability"], domain="ai.onnx.ml", **{f"classlabels_{key}": labels})
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(label_type, helper.make_tensor_type_proto(TensorProto.FLOAT, [])))
    graph = helper.make_graph(
        [classifier, zipmap],
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("label", label_type, [None]), helper.make_value_info("probability", maps)],
    )
    data = save(f"classifier-{name}.onnx", graph, {"": 21, "ai.onnx.ml": 3})
    x = np.array([[1, 2, 3, 4], [-1, 0.5, 2, -3]], np.float32)
    label, maps = onnxruntime.InferenceSession(data).run(None, {"x": x})
    expected = {
        "x": x.flatten().tolist(),
        "label": label.tolist(),
        "labels": labels,
        "probability": [float(row[key]) for row in maps for key in labels],
    }
    (OUT / f"classifier-{name}.json").write_text(json.dumps(expected) + "\n")


write_every_field()
write_element_types()
write_control_flow()
write_classifier("numbers", [10, 20, 30], TensorProto.INT64)
write_classifier("texts", ["ant", "bee", "cow"], TensorProto.STRING)
