"""Writes the language model of a spec as constants of C++."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

import numpy as np

from crnn_deploy.language_model import LanguageModel
from crnn_deploy.ngrams import ClassLanguage, unpacked
from crnn_deploy.reading.beam import LEAST_SHARE
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH

LANGUAGE = "kLanguage"
"""Name of the constant, a `LanguageModel` of language.h."""

_TABLES = """{ngrams}
{starts}
{symbols}
{costs}
inline constexpr crnn_deploy::beam::NgramTables kTables = {{
    nullptr, nullptr, kClassStarts, kClassSymbols, kClassCosts,
    {start}, {end}, {unknown!r}, {weight!r}, {bonus!r}, {least!r},
}};
inline constexpr crnn::LanguageModel {name} = {{
    kNgrams, {count}, {order}, {width}, {share!r}, kTables,
}};
"""


def language_tables(model: LanguageModel, alphabet: Sequence[str]) -> str:
    """The constants; an n-gram is one number, whose lowest bits are the first field of `ngrams.NODE`."""
    known = ClassLanguage(model, alphabet).tables()
    nodes = unpacked(model.table)
    fields = [nodes[name].astype(np.uint64) for name in ("symbol", "cost", "backoff", "children")]
    symbol, cost, backoff, children = fields
    numbers = symbol | cost << 16 | backoff << 24 | children << 32
    return _TABLES.format(
        ngrams=_array("std::uint64_t kNgrams", map(hex, numbers.tolist())),
        starts=_array("std::int32_t kClassStarts", map(str, known.starts.tolist())),
        symbols=_array("std::int32_t kClassSymbols", map(str, known.class_symbols.tolist())),
        costs=_array("double kClassCosts", map(repr, known.class_costs.tolist())),
        start=known.start,
        end=known.end_symbol,
        unknown=known.unknown,
        weight=float(known.weight),
        bonus=float(known.bonus),
        least=known.least_factor,
        name=LANGUAGE,
        count=len(nodes),
        order=model.order,
        width=USUAL_WIDTH,
        share=LEAST_SHARE,
    )


def _array(name: str, values: Iterable[str]) -> str:
    rows = fill(", ".join(values), 116, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return f"inline constexpr {name}[] = {{\n{rows}}};\n"
