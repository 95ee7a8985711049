"""Writes open-inference-protocol.json: the descriptors and some messages as the independent client library has them.

Run with the packages `tritonclient[grpc]==2.73.0 protobuf==6.33.6 numpy` installed, from this folder.
"""
import json
import struct

from tritonclient.grpc import service_pb2 as pb

TYPES = {1: "double", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message", 12: "bytes", 13: "uint32", 2: "float"}
NAMES = [
    "ServerLiveRequest", "ServerLiveResponse", "ServerReadyRequest", "ServerReadyResponse", "ModelReadyRequest", "ModelReadyResponse",
    "ServerMetadataRequest", "ServerMetadataResponse", "ModelMetadataRequest", "ModelMetadataResponse", "InferParameter",
    "InferTensorContents", "ModelInferRequest", "ModelInferResponse",
]


def describe(message, into):
    fields = {}
    for field in message.fields:
        fields[field.name] = [field.number, TYPES[field.type], field.is_repeated]
    into[message.full_name.removeprefix("inference.")] = fields
    for nested in message.nested_types:
        describe(nested, into)


def typed_request():
    request = pb.ModelInferRequest(model_name="digits", model_version="3", id="r-1")
    request.parameters["priority"].int64_param = 7
    request.parameters["flag"].bool_param = True
    request.parameters["text"].string_param = "é"
    request.parameters["ratio"].double_param = 0.5
    request.parameters["wide"].uint64_param = 2**64 - 1
    contents = {
        "BOOL": ("bool_contents", [True, False]), "INT8": ("int_contents", [-128, 127]), "INT16": ("int_contents", [-32768, 32767]),
        "INT32": ("int_contents", [-(2**31), 2**31 - 1]), "INT64": ("int64_contents", [-(2**63), 2**63 - 1]),
        "UINT8": ("uint_contents", [0, 255]), "UINT16": ("uint_contents", [0, 65535]), "UINT32": ("uint_contents", [0, 2**32 - 1]),
        "UINT64": ("uint64_contents", [0, 2**64 - 1]), "FP32": ("fp32_contents", [0.5, -1.5]), "FP64": ("fp64_contents", [0.1, -1e300]),
        "BYTES": ("bytes_contents", [b"", b"a\x00b"]),
    }
    for datatype, (field, values) in contents.items():
        tensor = request.inputs.add(name=datatype.lower(), datatype=datatype, shape=[1, 2])
        getattr(tensor.contents, field).extend(values)
    output = request.outputs.add(name="scores")
    output.parameters["classification"].int64_param = 3
    return request


def raw_request():
    request = pb.ModelInferRequest(model_name="digits")
    request.inputs.add(name="x", datatype="FP32", shape=[2])
    request.inputs.add(name="h", datatype="FP16", shape=[1])
    request.inputs.add(name="s", datatype="BYTES", shape=[2])
    request.raw_input_contents.append(struct.pack("<2f", 1.5, -2))
    request.raw_input_contents.append(b"\x00\x3c")
    request.raw_input_contents.append(struct.pack("<I", 2) + b"hi" + struct.pack("<I", 0))
    return request


def responses():
    typed = pb.ModelInferResponse(model_name="digits", model_version="3", id="r-1")
    tensor = typed.outputs.add(name="y", datatype="INT32", shape=[1, 3])
    tensor.contents.int_contents.extend([-1, 0, 300])
    strings = typed.outputs.add(name="s", datatype="BYTES", shape=[1])
    strings.contents.bytes_contents.append(b"a\x00b")
    raw = pb.ModelInferResponse(model_name="digits", model_version="3")
    raw.outputs.add(name="y", datatype="FP32", shape=[2])
    raw.raw_output_contents.append(struct.pack("<2f", 1.5, -2))
    return {"typed": typed, "raw": raw}


def main():
    messages = {}
    for name in NAMES:
        describe(pb.DESCRIPTOR.message_types_by_name[name], messages)
    metadata = pb.ModelMetadataResponse(name="digits", versions=["3"], platform="onnx_onnxruntime")
    metadata.inputs.add(name="Input3", datatype="FP32", shape=[-1, 1, 28, 28])
    metadata.outputs.add(name="Plus214_Output_0", datatype="FP32", shape=[-1, 10])
    answers = responses()
    samples = {
        "typedRequest": typed_request(), "rawRequest": raw_request(), "typedResponse": answers["typed"], "rawResponse": answers["raw"],
        "modelMetadata": metadata, "serverMetadata": pb.ServerMetadataResponse(name="modelyard", version="1", extensions=["a", "b"]),
        "serverLive": pb.ServerLiveResponse(live=True), "modelReady": pb.ModelReadyRequest(name="digits", version="2"),
    }
    hexed = {name: message.SerializeToString(deterministic=True).hex() for name, message in samples.items()}
    with open("open-inference-protocol.json", "w", encoding="utf-8") as file:
        json.dump({"messages": messages, "samples": hexed}, file, indent=1)
        file.write("\n")


main()
