"""Files beside a model that say what it reads: EasyOCR's YAML, ddddocr's JSON, PyLaia's definition and symbols."""

from __future__ import annotations

import io
import json
from random import Random

import onnx
import torch
import yaml
from fuzz.case import Format, Seed
from fuzz.foreign_weights import DEFINITION, checkpoints, custom_easyocr, laia_definition, stored
from fuzz.formats import yaml_files
from fuzz.formats.checkpoints import mutate_file
from fuzz.mutation import mutate_bytes, mutate_json, mutate_tree, number, text, value
from fuzz.small_models import CHARSET, line_graph
from onnx import helper

CUSTOM = {
    **{"network_params": {"input_channel": 1, "output_channel": 16, "hidden_size": 16}, "imgH": 48},
    **{"lang_list": ["en"], "character_list": "0123456789"},
}
DDDDOCR = {"charset": ["", *CHARSET], "image": [-1, 16], "word": False, "channel": 1}
SYMBOLS = "<ctc> 0\n<space> 1\na 2\nb 3\n"
OPTIONS = {"fixed_input_height": 32, "crnn": DEFINITION}


def seeds() -> list[Seed]:
    laia = {"run/laia.ckpt": checkpoints()["laia.ckpt"], "syms.txt": SYMBOLS.encode()}
    easyocr, definition = {"mine.pth": custom_easyocr()}, {"model": laia_definition()}
    return [
        _seed({**easyocr, "mine.yaml": yaml.safe_dump(CUSTOM).encode()}, "mine.yaml", "mine.pth"),
        _seed({"m.onnx": _time_first(), "charsets.json": json.dumps(DDDDOCR).encode()}, "charsets.json", "m.onnx"),
        _seed({**laia, **definition}, "model", "run/laia.ckpt"),
        _seed({**laia, **definition}, "syms.txt", "run/laia.ckpt"),
        _seed({**laia, "run/laia.yaml": yaml.safe_dump(OPTIONS).encode()}, "run/laia.yaml", "run/laia.ckpt"),
    ]


def _seed(files: dict[str, bytes], target: str, model: str) -> Seed:
    output = "out.onnx" if model.endswith(".onnx") else "out.safetensors"
    return Seed(files, target, {f"import {model} -o {output}": 1})


def _time_first() -> bytes:
    """The small recogniser with ddddocr's axes, `[T, N, K]`."""
    model: onnx.ModelProto = line_graph()
    model.graph.node.append(helper.make_node("Transpose", ["logits"], ["frames"], perm=[1, 0, 2]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("frames", onnx.TensorProto.FLOAT, None))
    return model.SerializeToString()


def mutate(random: Random, data: bytes) -> bytes:
    if data.startswith(b"PK"):
        return _mutate_definition(random, data)
    if data.startswith(b"{"):
        return mutate_json(random, data)
    return _mutate_symbols(random, data) if b"<ctc>" in data else yaml_files.mutate(random, data)


def _mutate_definition(random: Random, data: bytes) -> bytes:
    """The pickle as a file, or with other arguments of the network."""
    if random.random() < 0.3:
        return mutate_file(random, data)
    try:
        return stored(mutate_tree(random, torch.load(io.BytesIO(data), weights_only=True)))
    except ValueError:
        return mutate_file(random, data)


def _mutate_symbols(random: Random, data: bytes) -> bytes:
    if random.random() < 0.2:
        return mutate_bytes(random, data)
    lines = data.decode("utf-8", "replace").splitlines()
    which = random.randrange(len(lines))
    symbol, _, place = lines[which].rpartition(" ")
    lines[which] = random.choice((
        lambda: f"{symbol} {number(random)}",
        lambda: f"{text(random)} {place}",
        lambda: f"{symbol} {value(random, place)}",
        lambda: "\n".join([lines[which]] * random.choice((0, 2, 300))),
        lambda: place,
    ))()  # fmt: skip
    return "\n".join(lines).encode("utf-8", "surrogatepass")


FORMAT = Format("beside", seeds, mutate)
