"""Recognisers of ddddocr that dddd_trainer trained: an ONNX model with a JSON file of its charset beside it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import onnx

from crnn_deploy.checkpoints.families.family import OnnxFamily, OnnxRecognised
from crnn_deploy.checkpoints.families.onnx_shapes import input_sizes
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_JSON, MAX_NEIGHBOURS
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.text_formats import read_json

_KEYS = {"charset", "image", "word", "channel"}
_PREPROCESSING = Preprocessing(
    height=64,
    width_rounding="floor",
    width_multiple=1,
    min_width=8,
    resize="lanczos",
    grey_last=True,
    mean=(0.0,),
    std=(1.0,),
    padding="edge",
)


def recognise(model: onnx.ModelProto, path: Path, _: str) -> OnnxRecognised | None:
    """The spec's fields from the JSON file beside a model; None if there is none with ddddocr's keys.

    Raises:
        InputError: if there are several, it classifies single characters, or its charset does not begin with the blank.
    """
    found = [(file, content) for file in _json_files(path) if (content := _content(file)) is not None]
    if not found or not input_sizes(model):
        return None
    file, content = next(((f, c) for f, c in found if f.stem == path.stem), found[0])
    if len(found) > 1 and file.stem != path.stem:
        names = ", ".join(other.name for other, _ in found)
        raise InputError(f"Several files beside {path} have a charset of ddddocr: {names}.", fix="Keep one of them.")
    _check(content, file)
    width, height = content["image"]
    sizes = {"height": height, "width": None if width == -1 else width}
    colours = "RGB" if content["channel"] == 3 else "L"
    fields = {
        "charset": content["charset"][1:],
        "blank": 0,
        "output_layout": "TNC",
        "preprocessing": {**_PREPROCESSING.model_dump(), **sizes, "channels": colours},
    }
    return OnnxRecognised(fields, f"{file.name} beside it has ddddocr's keys and {len(content['charset']):,} classes")


def _json_files(path: Path) -> list[Path]:
    files = islice(path.parent.glob("*.json"), MAX_NEIGHBOURS)
    return sorted(file for file in files if file.is_file() and file.stat().st_size <= MAX_JSON)


def _content(file: Path) -> dict[str, Any] | None:
    try:
        content = read_json(file)
    except InputError:  # a file of something else
        return None
    return content if isinstance(content, dict) and content.keys() >= _KEYS else None


def _check(content: dict[str, Any], file: Path) -> None:
    charset, image = content["charset"], content["image"]
    if content["word"]:
        raise InputError(
            f"{file} says that the model classifies single characters (`word`).",
            "It reads no lines.",
            "Give a spec with `task: classify` and class_names, and move this file away.",
        )
    if not isinstance(charset, list) or not charset or charset[0] != "":
        raise InputError(f"The charset in {file} is no list that begins with the empty text, ddddocr's blank.")
    if not isinstance(image, list) or len(image) != 2:
        raise InputError(f"`image` in {file} is not [width, height].", fix="Write [-1, 64] for a free width.")


FAMILY = OnnxFamily(
    name="ddddocr",
    about="Recognisers of ddddocr that dddd_trainer trained.",
    files="model.onnx with charsets.json beside it",
    example="import model.onnx -o captcha.onnx",
    recognise=recognise,
)
