"""ONNX files: any field of the protobuf, the graph's nodes, external data, the spec, and raw bytes."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import onnx
from fuzz.case import Format, Seed
from fuzz.mutation import FLOATS, mutate_bytes, mutate_tree, number, text
from fuzz.small_models import class_model, int8_model, labelled_folder, line_graph, line_model
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx.external_data_helper import set_external_data

from crnn_deploy.artifact import SPEC_KEY

SPEC = b"charset: abcdefg\npreprocessing: {channels: L, height: 16}\n"
COMMANDS = {
    "inspect m.onnx": 4,
    "inspect m.onnx --json": 2,
    "predict set/images --model m.onnx": 3,
    "evaluate m.onnx --data set --json": 3,
    "benchmark m.onnx --rounds 2 --warmup 0 --seconds 0.1": 1,
    "quantize m.onnx --int8 --data set --threads 1 -o q.onnx": 0.2,
}
IMPORT = {"import m.onnx --spec spec.yaml -o out.onnx": 4, "inspect m.onnx": 1}


def seeds() -> list[Seed]:
    data = labelled_folder()
    plain = line_graph().SerializeToString()
    return [
        *(Seed({"m.onnx": model, **data}, "m.onnx", COMMANDS) for model in (line_model(), int8_model(), class_model())),
        Seed({"m.onnx": plain, "spec.yaml": SPEC}, "m.onnx", IMPORT),
        Seed({**_with_external_data(), **data}, "m.onnx", COMMANDS),
        Seed({**_with_external_data(), **data}, "m.data", COMMANDS),
    ]


def _with_external_data() -> dict[str, bytes]:
    """The recogniser with its weights in a second file."""
    model, data = onnx.load_from_string(line_model()), b""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            set_external_data(tensor, "m.data", offset=len(data), length=len(tensor.raw_data))
            data += tensor.raw_data
            tensor.ClearField("raw_data")
    return {"m.onnx": model.SerializeToString(), "m.data": data}


def mutate(random: Random, data: bytes) -> bytes:
    try:
        model = onnx.load_from_string(data)
    except DecodeError:
        return mutate_bytes(random, data)
    kind = random.randrange(10)
    if kind == 0 or not model.graph.node:
        return mutate_bytes(random, data)
    if kind <= 2:
        _mutate_spec(random, model)
    elif kind <= 4:
        _mutate_nodes(random, model)
    else:
        _mutate_field(random, model)
    return model.SerializeToString()


def _mutate_spec(random: Random, model: onnx.ModelProto) -> None:
    for entry in model.metadata_props:
        if entry.key == SPEC_KEY:
            try:
                entry.value = _storable(json.dumps(mutate_tree(random, json.loads(entry.value))))
            except (ValueError, RecursionError):
                entry.value = entry.value[: random.randrange(len(entry.value) + 1)]


def _mutate_nodes(random: Random, model: onnx.ModelProto) -> None:
    nodes = model.graph.node
    node = random.choice(nodes)
    kind = random.randrange(6)
    if kind == 0:
        nodes.remove(node)
    elif kind == 1:
        nodes.add().CopyFrom(node)
    elif kind == 2:
        node.op_type = random.choice(
            ("Relu", "GRU", "LSTM", "Loop", "If", "Reshape", "Cast", "Shape", "Nothing", "QGRU")
        )
    elif kind == 3 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice(
            ("", "images", "logits", random.choice(nodes).output[0] if random.choice(nodes).output else "")
        )
    elif kind == 4 and node.output:
        node.output[random.randrange(len(node.output))] = random.choice(("", "images", "logits", "other"))
    else:
        node.domain = random.choice(("", "crnn_deploy", "ai.onnx", "com.microsoft", "nobody"))


def _mutate_field(random: Random, model: onnx.ModelProto) -> None:
    """Change a field of a message of the model; small ones are as likely as those with many fields."""
    messages = list(_messages(model))
    wanted = random.choice(sorted({type(message).__name__ for message in messages}))
    message = random.choice([message for message in messages if type(message).__name__ == wanted])
    field = random.choice(message.DESCRIPTOR.fields)
    if field.is_repeated if hasattr(field, "is_repeated") else field.label == FieldDescriptor.LABEL_REPEATED:
        _mutate_repeated(random, message, field)
    elif field.type == FieldDescriptor.TYPE_MESSAGE or random.random() < 0.2:
        message.ClearField(field.name)
    else:
        _assign(message, field.name, _scalar(random, field, getattr(message, field.name)))


def _mutate_repeated(random: Random, message: Message, field: Any) -> None:
    values = getattr(message, field.name)
    if len(values) and random.random() < 0.5:
        del values[random.randrange(len(values))]
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        added = values.add()
        if len(values) > 1:
            added.CopyFrom(values[random.randrange(len(values) - 1)])
    else:
        old = list(values)
        old[random.randrange(len(old)) if old else 0 :] = [_scalar(random, field, old[0] if old else None)]
        try:
            values[:] = old
        except (ValueError, TypeError, UnicodeEncodeError):
            del values[:]


def _scalar(random: Random, field: Any, old: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return _storable(text(random))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return mutate_bytes(random, old or b"")
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return random.choice(FLOATS)
    return random.randrange(24) if random.random() < 0.4 else number(random)


def _storable(words: str) -> str:
    return words.encode("utf-8", "replace").decode()


def _assign(message: Message, name: str, value: Any) -> None:
    try:
        setattr(message, name, value)
    except (ValueError, TypeError):
        message.ClearField(name)


def _messages(message: Message) -> Any:
    """The message and all messages in it."""
    yield message
    for field, inner in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in [inner] if isinstance(inner, Message) else inner:
                yield from _messages(each)


FORMAT = Format("onnx", seeds, mutate)
