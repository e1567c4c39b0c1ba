"""The claims of the articles beside what was measured: rows of a table, each with whether the claim is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parameters import ARTICLE

from crnn_deploy import units

Found = Mapping[str, Any]
Row = tuple[str, str, str]
"""Claim, measured, true?"""

LATENCY = {"resnet18-gru": 12.5, "resnet18-lstm": 18.2, "resnet18": 14.7}
"""The article's table: GRU-CNN, LSTM-CNN and ResNet-18, in milliseconds."""
PRECISIONS = ("fp32", "int8")
PAIRS = {
    "ResNet-18 at 32 pixels": ("resnet18-gru", "resnet18-lstm"),
    "ResNet-18 at 224 pixels": ("resnet18-gru", "resnet18-lstm"),
    "CNN at 32 pixels": ("cnn-gru", "its-lstm"),
    "CNN at 28 pixels": ("its-gru", "cnn-lstm"),
}
"""In each group the network with GRU layers and the same with LSTM layers."""
GRU_FASTER, INT8_FASTER, INT8_SMALLER = 1.19, 3.0, 0.75
_ABOUT = 0.1  # a figure without an interval holds if it differs by less than this share


def rows(found: Found) -> Iterator[Row]:
    yield from _layers(found["parameters"]["layers"])
    yield from _models(found)
    yield from _counts(found["parameters"]["networks"])
    yield from _gru_speed(found)
    yield from _order(found["networks"])
    yield from _int8(found["networks"])
    yield from _memory(found["memory"])


def _layers(layers: Sequence[Found]) -> Iterator[Row]:
    shares = [_less(layer["gru"], layer["lstm"]) for layer in layers]
    measured = f"{', '.join(sorted({_percent(share) for share in shares}))} in each of {len(layers)} sizes"
    yield "A GRU layer has 33 % fewer parameters than an LSTM layer", measured, _about(shares[0], 0.33)


def _models(found: Found) -> Iterator[Row]:
    for group, (gru, lstm) in PAIRS.items():
        networks = found["networks"][group]["networks"]
        sizes = [networks[name]["parameters"] for name in (gru, lstm)]
        share = _less(*sizes)
        measured = f"{_percent(share)} ({_millions(sizes[0])} against {_millions(sizes[1])})"
        yield f"A model with GRU has 21 % fewer parameters than with LSTM: {group}", measured, _about(share, 0.21)


def _counts(networks: Mapping[str, int]) -> Iterator[Row]:
    names = {"resnet18-gru": "GRU-CNN", "resnet18-lstm": "LSTM-CNN", "resnet18": "ResNet-18"}
    for family, millions in ARTICLE.items():
        measured = _millions(networks[family])
        yield f"{names[family]} has {millions} M parameters", f"{family}: {measured}", _same(networks[family], millions)


def _gru_speed(found: Found) -> Iterator[Row]:
    for group, (gru, lstm) in PAIRS.items():
        ratios = [found["networks"][group]["ratios"][f"{gru} {p}"][f"{lstm} {p}"] for p in PRECISIONS]
        yield f"A GRU is 19 % faster than an LSTM: {group}", _both(ratios), _each(_near(r, GRU_FASTER) for r in ratios)
    for setting, layer in found["layers"].items():
        ratios = [layer["ratios"][f"GRU {p}"][f"LSTM {p}"] for p in PRECISIONS]
        claim = f"A GRU is 19 % faster than an LSTM: a layer alone, both directions, {setting}"
        yield claim, _both(ratios), _each(_near(r, GRU_FASTER) for r in ratios)


def _order(groups: Found) -> Iterator[Row]:
    claimed = [LATENCY[family] / LATENCY["resnet18"] for family in ("resnet18-gru", "resnet18-lstm")]
    for group in ("ResNet-18 at 32 pixels", "ResNet-18 at 224 pixels"):
        for precision in PRECISIONS:
            gru, lstm = (
                groups[group]["ratios"][f"resnet18 {precision}"][f"{family} {precision}"]
                for family in ("resnet18-gru", "resnet18-lstm")
            )
            claim = (
                f"GRU-CNN takes {claimed[0]:.2f} and LSTM-CNN {claimed[1]:.2f} of ResNet-18's time: {group}, "
                f"{precision.upper()}"
            )
            order = "no: nothing is faster than ResNet-18 alone" if gru[1] > 1 else _near(gru, claimed[0])
            slower = _near(lstm, claimed[1])
            yield claim, f"{_interval(gru)} and {_interval(lstm)}", f"{order}; LSTM-CNN slower: {slower}"


def _int8(groups: Found) -> Iterator[Row]:
    for group, timed in groups.items():
        for name, facts in timed["networks"].items():
            share = _less(facts["int8_bytes"], facts["fp32_bytes"])
            sizes = f"{_percent(share)} ({units.size(facts['fp32_bytes'])} → {units.size(facts['int8_bytes'])})"
            holds = "yes" if round(share, 2) >= INT8_SMALLER else "no, less"
            yield f"INT8 is 75 % smaller: {name}, {group}", sizes, holds
            ratio = timed["ratios"][f"{name} int8"][f"{name} fp32"]
            kept = len(facts["layers_in_fp32"])
            kept_text = f", {kept} of {facts['layers']} layers in FP32" if kept else ""
            yield f"INT8 is 3× faster: {name}, {group}", _interval(ratio) + kept_text, _at_least(ratio, INT8_FASTER)


def _memory(steps: Sequence[Found]) -> Iterator[Row]:
    plain, again = steps
    measured = (
        f"peak {units.size(plain['peak'])} without, {units.size(again['peak'])} with it "
        f"({units.size(plain['before'])} before the step); {again['seconds'] / plain['seconds']:.1f}× the CPU time"
    )
    saved = plain["peak"] / again["peak"]
    holds = f"it takes 1/{saved:.1f} of the memory" if saved > 1 + _ABOUT else "no: the memory is the same"
    claim = f"Checkpointing makes {plain['steps']:,} pixels trainable as steps (pixel-gru, one picture)"
    yield claim, measured, f"{holds}; without it the step is possible, too"


def _less(fewer: int, more: int) -> float:
    return 1 - fewer / more


def _about(share: float, claimed: float) -> str:
    if abs(share - claimed) <= _ABOUT * claimed:
        return "yes"
    return "no, more" if share > claimed else "no, less"


def _near(ratio: Sequence[float], claimed: float) -> str:
    """Whether the interval has the figure in it, give or take 2 %, which a ratio is never known better than."""
    _, low, high = ratio
    if low / 1.02 <= claimed <= high * 1.02:
        return "yes"
    return "no, more" if low > claimed else "no, less"


def _at_least(ratio: Sequence[float], claimed: float) -> str:
    _, low, high = ratio
    return "yes" if low >= claimed else "no, less" if high < claimed else "the interval does not tell"


def _same(parameters: int, millions: float) -> str:
    rounded = round(parameters / 1e6, 1)
    return "yes" if rounded == millions else "no, more" if rounded > millions else "no, less"


def _both(ratios: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"{p.upper()} {_interval(r)}" for p, r in zip(PRECISIONS, ratios, strict=True))


def _each(verdicts: Iterator[str]) -> str:
    fp32, int8 = verdicts
    return fp32 if fp32 == int8 else f"FP32: {fp32}; INT8: {int8}"


def _interval(ratio: Sequence[float]) -> str:
    return "{:.2f}× ({:.2f}–{:.2f})".format(*ratio)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M"
