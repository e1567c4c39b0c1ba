"""Writes the parts of a spec that reading needs as a C++ header, so that the reader needs no JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from crnn_deploy.data.preprocess import padding_colour
from crnn_deploy.escaping import visible
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.network import Network
from crnn_deploy.serving.targets.cpp.language_tables import LANGUAGE, language_tables
from crnn_deploy.spec import ModelSpec

_CHANNELS = {"L": "kGrey", "RGB": "kRgb", "BGR": "kBgr"}
_HEADER = """// What this model sees and what its classes mean. Made from spec.json by `crnn-deploy package`.
#pragma once

{includes}

{tables}
inline crnn::Spec model_spec() {{
  using namespace crnn;
  Spec spec;
{lines}
  return spec;
}}
"""


def model_spec_header(spec: ModelSpec, network: Network, output: str) -> str:
    """The text of `model_spec.h`.

    Args:
        network: for the name of its input, and how many images it takes at once.
        output: with the logits.
    """
    values = dict(_seen(spec.preprocessing))
    values |= {
        "classifies": _bool(spec.task == "classify"),
        "blank": str(spec.blank),
        "time_first": _bool(spec.task == "ctc" and spec.output_layout == "TNC"),
        "temperature": _number(spec.temperature),
        "texts": "{std::begin(kTexts), std::end(kTexts)}",
        "sequences": _sequences(spec),
        "input": _quoted(network.input_names[0]),
        "output": _quoted(output),
        "batch": str(network.batch or 0),
    }
    includes, tables = ["spec.h"], [_texts(spec)]
    if spec.language_model is not None:
        includes.insert(0, "language.h")
        tables.append(language_tables(spec.language_model, spec.alphabet))
        values["search"] = f"language_search({LANGUAGE}, spec.blank)"
    return _HEADER.format(
        includes="\n".join(f'#include "{name}"' for name in includes),
        tables="\n".join(tables),
        lines="\n".join(f"  spec.{name} = {value};" for name, value in values.items()),
    )


def _seen(p: Preprocessing) -> Iterator[tuple[str, str]]:
    yield "channels", f"Channels::{_CHANNELS[p.channels]}"
    yield "height", str(p.height)
    yield "width", str(p.width or 0)
    yield "keep_ratio", _bool(p.keep_ratio)
    yield "letterbox", _bool(p.letterbox)
    yield "width_rounding", f"Rounding::k{p.width_rounding.title()}"
    yield "width_multiple", str(p.width_multiple)
    yield "min_width", str(p.min_width)
    yield "max_width", str(p.max_width)
    yield "resize", f"Filter::k{p.resize.title()}"
    yield "grey_last", _bool(p.grey_last)
    yield "mean", _numbers(p.mean, p.channel_count)
    yield "std", _numbers(p.std, p.channel_count)
    yield "normalise_by_image", _bool(p.normalise == "image")
    colour = padding_colour(p)
    yield "pad_with_edge", _bool(colour is None)
    yield "padding", "{}" if colour is None else _set(map(str, np.broadcast_to(colour, p.channel_count)))
    yield "pad_to", str(p.pad_to)
    yield "margin", str(p.margin)
    yield "invert", _bool(p.invert)


def _texts(spec: ModelSpec) -> str:
    """A table with the text of each class."""
    texts = spec.alphabet if spec.task == "ctc" else spec.class_names
    rows = "".join(f"    {_quoted(text)},\n" for text in texts)
    return f"inline constexpr std::string_view kTexts[] = {{\n{rows}}};\n"


def _sequences(spec: ModelSpec) -> str:
    return _set(f"{{{_set(map(str, each.classes))}, {_quoted(each.text)}}}" for each in spec.sequences)


def _numbers(values: Sequence[float], count: int) -> str:
    return _set(map(_number, np.broadcast_to(values, count)))


def _number(value: float) -> str:
    """An FP32 number, which C++ reads back to the bit."""
    return f"{float(np.float32(value))!r}F"


def _quoted(text: str) -> str:
    """A text as C++ writes it; what acts on a terminal or an editor, and what C++ could take for more, is in octal."""
    return '"' + "".join(c if _is_plain(c) else "".join(f"\\{byte:03o}" for byte in c.encode()) for c in text) + '"'


def _is_plain(character: str) -> bool:
    return character.isprintable() and visible(character) == character and character not in '"\\?'


def _set(values: Iterable[str]) -> str:
    return "{" + ", ".join(values) + "}"


def _bool(value: bool) -> str:
    return "true" if value else "false"
