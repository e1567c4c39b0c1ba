"""Models of a few kilobytes, and images and labels for them, as bytes."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path

import fake_tensorrt
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from crnn_deploy.artifact import write_onnx
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.models.legere import CompactCrnn, LegereOptions
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent
from crnn_deploy.spec import ModelSpec

CHARSET, HEIGHT, HIDDEN = "abcdefg", 16, 5
CLASSES = ("0", "1", "2")
PREPROCESSING = Preprocessing(height=HEIGHT)
LINE_SPEC = ModelSpec(name="line", charset=CHARSET, preprocessing=PREPROCESSING)
CLASS_SPEC = ModelSpec(name="class", task="classify", class_names=CLASSES, preprocessing=PREPROCESSING)


def line_graph() -> onnx.ModelProto:
    """A recogniser: convolution, GRU, product. `[N, 1, 16, W]` → `[N, W/4, 8]`."""
    random = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)

    shared = [weight("kernel", 6, 1, HEIGHT, 4), weight("B", 1, 6 * HIDDEN), weight("head", HIDDEN, len(CHARSET) + 1)]
    recurrent = [weight("W", 1, 3 * HIDDEN, 6), weight("R", 1, 3 * HIDDEN, HIDDEN)]
    axes = [numpy_helper.from_array(np.array([axis]), f"axis {axis}") for axis in (1, 2)]
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["features"], "conv", strides=[HEIGHT, 4]),
        helper.make_node("Relu", ["features"], ["positive"]),
        helper.make_node("Squeeze", ["positive", "axis 2"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["steps"], perm=[2, 0, 1]),
        helper.make_node("GRU", ["steps", "W", "R", "B"], ["y"], "gru", hidden_size=HIDDEN, linear_before_reset=1),
        helper.make_node("Squeeze", ["y", "axis 1"], ["states"]),
        helper.make_node("Transpose", ["states"], ["batch first"], perm=[1, 0, 2]),
        helper.make_node("MatMul", ["batch first", "head"], ["logits"], "head"),
    ]
    return _model(nodes, [*shared, *recurrent, *axes], ["n", "t", len(CHARSET) + 1])


def class_graph() -> onnx.ModelProto:
    """A classifier of one convolution. `[N, 1, 16, W]` → `[N, 3]`."""
    kernel = np.random.default_rng(0).standard_normal((len(CLASSES), 1, HEIGHT, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["features"], "conv"),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    return _model(nodes, [numpy_helper.from_array(kernel, "kernel")], ["n", len(CLASSES)])


def _model(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], shape: list[str | int]) -> onnx.ModelProto:
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 1, HEIGHT, "w"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "small", [images], [logits], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@cache
def line_model() -> bytes:
    return _artifact(line_graph(), LINE_SPEC)


@cache
def class_model() -> bytes:
    return _artifact(class_graph(), CLASS_SPEC)


@cache
def int8_model() -> bytes:
    """The recogniser with our own op in place of its GRU."""
    model = line_graph()
    quantize_recurrent(model, ["gru"])
    return _artifact(model, LINE_SPEC)


def _artifact(model: onnx.ModelProto, spec: ModelSpec) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_onnx(Path(folder) / "m.onnx", model, spec).path.read_bytes()


@cache
def checkpoint() -> bytes:
    """A checkpoint of a supported family, as `torch.save` writes it."""
    torch.manual_seed(0)
    network = CompactCrnn(LegereOptions(stem=2, channels=(2,) * 6, hidden=3), inputs=1, outputs=4)
    buffer = io.BytesIO()
    torch.save({"model": network.state_dict(), "charset": "abc", "epoch": 3}, buffer)
    return buffer.getvalue()


@cache
def weights() -> bytes:
    """The checkpoint as an artifact."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "m.pt").write_bytes(checkpoint())
        config = ImportConfig(checkpoint=folder / "m.pt", output=folder / "m.safetensors")
        return import_checkpoint(config).path.read_bytes()


@cache
def engine_files() -> dict[str, bytes]:
    """A plan, which is no real one, and the JSON beside it."""
    with tempfile.TemporaryDirectory() as name:
        profiles = (fake_tensorrt.profile((32, 100), 8), fake_tensorrt.profile((100, 400), 4))
        fake_tensorrt.engine(Path(name), profiles, plugin=fake_tensorrt.plugin(embedded=True))
        return {path.name: path.read_bytes() for path in sorted(Path(name).iterdir())}


def line_image(words: str = "12.50") -> Image.Image:
    """Black print on white paper."""
    image = Image.new("RGB", (10 + 7 * len(words), 20), "white")
    ImageDraw.Draw(image).text((5, 4), words, fill="black")
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def pictures() -> tuple[bytes, ...]:
    """PNG files of three lines."""
    return tuple(encoded(line_image(words).convert("L")) for words in ("abc", "dead beef", "cab"))


def labelled_folder(texts: tuple[str, ...] = ("abc", "dead", "cab")) -> dict[str, bytes]:
    """Files of a labelled set, below `set`."""
    rows = "".join(f"images/{number}.png\t{text}\n" for number, text in enumerate(texts))
    images = {f"set/images/{number}.png": picture for number, picture in enumerate(pictures())}
    return {"set/labels.tsv": rows.encode(), **images}
