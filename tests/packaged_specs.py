"""Specs with all that the modules of packages follow, in whatever language, and sizes of images to try them on."""

from __future__ import annotations

import random
from typing import Any

from crnn_deploy.language.learning import learn
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

WIDE = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.25, 0.3)}
PREPROCESSING: dict[str, dict[str, Any]] = {
    "grey": {},
    "RGB": {"channels": "RGB", **WIDE},
    "BGR, padded in its mean": {"channels": "BGR", "padding": "mean", "pad_to": 64, **WIDE},
    "BGR, inverted": {"channels": "BGR", "padding": "mean", "invert": True, "margin": 3, **WIDE},
    "grey last": {"grey_last": True, "resize": "bicubic"},
    "nearest": {"resize": "nearest", "width_rounding": "floor"},
    "lanczos": {"resize": "lanczos", "width_rounding": "round"},
    "linear": {"resize": "linear", "channels": "RGB"},
    "linear grey": {"resize": "linear", "padding": "black"},
    "fixed": {"width": 80},
    "kept ratio": {"width": 80, "keep_ratio": True, "margin": 5, "padding": "edge"},
    "letterbox": {"width": 60, "keep_ratio": True, "letterbox": True, "padding": "mean", "mean": (0.3,)},
    "letterbox, rounded down": {"width": 60, "keep_ratio": True, "letterbox": True, "width_rounding": "floor"},
    "letterbox in colours": {"width": 60, "keep_ratio": True, "letterbox": True, "channels": "RGB", "padding": "edge"},
    "margins": {"margin": 7, "padding": "edge", "width_multiple": 16},
    "squeezed and stretched": {"min_width": 40, "max_width": 48},
    "by image": {"normalise": "image", "invert": True, "pad_to": 100},
    "by image in colours": {"normalise": "image", "channels": "RGB", "padding": "black"},
}
SIZES = ((1, 1), (5, 40), (33, 16), (64, 32), (90, 20), (121, 32), (301, 17))


def preprocessing(changes: dict[str, Any]) -> Preprocessing:
    return Preprocessing.model_validate({"height": 16, **changes})


def spec_of(changes: dict[str, Any] | None = None, **fields: Any) -> ModelSpec:
    named = {} if "class_names" in fields else {"charset": tuple("abcdefgh")}
    return ModelSpec(name="conv", preprocessing=preprocessing(changes or {}), **{**named, **fields})


_DRAW = random.Random(0)
_WORDS = ["".join(_DRAW.choices("abcdd01", k=_DRAW.randint(1, 7))) for _ in range(60)]
LANGUAGE = learn(_WORDS, 4, 1).model_copy(update={"weight": 0.6, "bonus": 0.8})
LANGUAGE_SPECS = {
    "blank first": spec_of(charset=tuple("abcdefgh"), language_model=LANGUAGE),
    "blank last": spec_of(charset=tuple("abcd 012"), blank=8, language_model=LANGUAGE, temperature=1.7),
    "classes of several characters": spec_of(
        charset=("a", "ab", "bcd", "d", "0", "1d2", "e\u0301", "👍🏽"), blank=3, language_model=LANGUAGE
    ),
}

MODELS: dict[str, tuple[ModelSpec, dict[str, Any]]] = {
    **{f"lines: {name}": (spec_of(changes), {}) for name, changes in PREPROCESSING.items()},
    "blank last, time first": (spec_of(blank=8, output_layout="TNC"), {}),
    "blank between": (spec_of(blank=3), {"batch": 5}),
    "probabilities": (spec_of(), {"softmax": True}),
    "classes of several characters": (spec_of(charset=("ab", "c", "ﬁ", "e\u0301", "👍🏽", "\t", "\\")), {}),
    "sequences": (
        spec_of(
            charset=("", "", "c", "d"),
            sequences=[
                {"classes": (1, 2), "text": "x"},
                {"classes": (1, 3, 4), "text": "yz"},
                {"classes": (2, 1), "text": "ü"},
            ],
        ),
        {},
    ),
    **{f"a language model, {name}": (spec, {}) for name, spec in LANGUAGE_SPECS.items()},
    "a language model, probabilities, time first": (
        spec_of(language_model=LANGUAGE, output_layout="TNC"),
        {"softmax": True, "batch": 5},
    ),
    "classes": (spec_of({"width": 32}, task="classify", class_names=tuple("uvwxyz")), {}),
    "probabilities of classes": (
        spec_of({"width": 32, "channels": "BGR"}, task="classify", class_names=tuple("uvwxyz")),
        {"softmax": True, "batch": 4},
    ),
}
