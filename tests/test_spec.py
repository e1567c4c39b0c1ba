"""What a spec allows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crnn_deploy.limits import LARGEST_NORM, MAX_INPUT_PIXELS, SMALLEST_STD
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import LineageStep, ModelSpec

PLAIN = Preprocessing(height=32)


def test_it_survives_json() -> None:
    spec = ModelSpec(name="m", charset="aé✓", blank=3, preprocessing=PLAIN, metrics={"val": {"cer": 0.1}})
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(("blank", "alphabet"), [(0, ("", "a", "b")), (1, ("a", "", "b")), (2, ("a", "b", ""))])
def test_the_blank_may_stand_anywhere(blank: int, alphabet: tuple[str, ...]) -> None:
    spec = ModelSpec(name="m", charset="ab", blank=blank, preprocessing=PLAIN)
    assert spec.alphabet == alphabet
    assert spec.text([2, 0, 1, 1]) == "".join(alphabet[k] for k in (2, 0, 1, 1))
    assert spec.num_outputs == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"charset": ""},
        {"charset": ["a" * 65]},
        {"charset": "a" * ((1 << 17) + 1)},
        {"charset": "ab", "name": "n" * 1025},
        {"charset": "ab", "blank": -1},
        {"charset": "ab", "lineage": [{"stage": "x"}] * 1001},
        {"charset": "ab", "metrics": {"val": {"cer": math.nan}}},
        {"charset": "ab", "blank": 3},
        {"task": "classify"},
        {"charset": "ab", "schema_version": 99},
        {"charset": "ab", "preprocesing": {}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelSpec.model_validate({"name": "m", "preprocessing": {"height": 32}, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": (0.5, 0.5)},
        {"mean": (math.nan,)},
        {"mean": (-math.inf,)},
        {"mean": (1e30,)},
        {"mean": (0.5, 1e30, 0.5), "channels": "RGB"},
        {"std": (0.0,)},
        {"std": (math.nan,)},
        {"std": (math.inf,)},
        {"std": (-0.5,)},
        {"std": (5e-324,)},
        {"std": (0.5, 0.5, 0.0), "channels": "RGB"},
        {"height": 0},
        {"height": 1 << 20},
        {"width": 1 << 31},
        {"width_multiple": 1 << 31},
        {"min_width": 1 << 16, "max_width": 1 << 16, "height": 1024},
        {"max_width": 10**30},
        {"channels": "CMYK"},
    ],
)
def test_preprocessing_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Preprocessing.model_validate({"height": 32, **wrong})


def test_the_largest_input_is_allowed() -> None:
    assert Preprocessing(height=1024, width=4096).widest * 1024 == MAX_INPUT_PIXELS
    with pytest.raises(ValidationError, match="are allowed"):
        Preprocessing(height=1024, width=4097)


def test_a_line_of_usual_size_must_fit_into_the_largest_input() -> None:
    # 100×32 pixels become 3200×1024: one step of the width, or nearly two.
    assert Preprocessing(height=1024, width_multiple=3200).padded_width(100, 32) == 3200
    with pytest.raises(ValidationError, match=f"{6398 * 1024:,} pixels"):
        Preprocessing(height=1024, width_multiple=3199)


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ({"std": (0.9 * SMALLEST_STD,)}, {"std": (SMALLEST_STD,)}),
        ({"std": (1.1 * LARGEST_NORM,)}, {"std": (LARGEST_NORM,)}),
        ({"mean": (1.1 * LARGEST_NORM,)}, {"mean": (LARGEST_NORM,)}),
        ({"mean": (-1.1 * LARGEST_NORM,)}, {"mean": (-LARGEST_NORM,)}),
    ],
)
def test_statistics_may_be_as_extreme_as_the_limits(wrong: dict[str, object], nearest: dict[str, object]) -> None:
    assert Preprocessing.model_validate({"height": 32, **nearest}).height == 32
    with pytest.raises(ValidationError, match="pixels are 0 to 1"):
        Preprocessing.model_validate({"height": 32, **wrong})


@given(st.integers(1, 5000), st.integers(1, 500), st.integers(1, 64), st.sampled_from(["ceil", "round"]))
def test_widths_stay_in_bounds(width: int, height: int, multiple: int, rounding: str) -> None:
    p = Preprocessing(height=32, width_multiple=multiple, width_rounding=rounding, min_width=10, max_width=640)  # type: ignore[arg-type]
    resized, padded = p.resized_width(width, height), p.padded_width(width, height)
    assert 10 <= resized <= 640
    assert resized <= padded < resized + multiple
    assert padded % multiple == 0


def test_a_charset_may_repeat_characters_and_hold_classes_of_several() -> None:
    spec = ModelSpec(name="m", charset=["a", "क्ष", "a"], preprocessing=PLAIN)
    assert spec.num_outputs == 4
    assert spec.text([1, 2, 3]) == "aक्षa"


@pytest.mark.parametrize(("rounding", "width"), [("ceil", 51), ("round", 50)])
def test_the_aspect_ratio_is_kept_to_within_a_pixel(rounding: str, width: int) -> None:
    p = Preprocessing(height=32, width_rounding=rounding, min_width=1)  # type: ignore[arg-type]
    assert p.resized_width(161, 103) == width  # 50.02
    assert p.resized_width(103, 103) == 32
    assert p.resized_width(5, 0) == 160  # a broken header: as if it were one pixel high


def test_an_image_is_squeezed_if_it_is_wider_than_the_widest_or_far_wider_than_the_fixed_width() -> None:
    free = Preprocessing(height=32, max_width=640)
    assert [free.squeezes(width, 32) for width in (1, 640, 641, 5000)] == [False, False, True, True]
    fixed = Preprocessing(height=32, width=100)
    assert [fixed.squeezes(width, 32) for width in (1, 100, 400, 401, 2000)] == [False, False, False, True, True]


@pytest.mark.parametrize("field", ["height", "width", "width_multiple", "min_width", "max_width"])
def test_sizes_are_one_pixel_or_more(field: str) -> None:
    assert getattr(Preprocessing.model_validate({"height": 32, field: 1}), field) == 1
    with pytest.raises(ValidationError):
        Preprocessing.model_validate({"height": 32, field: 0})


def test_a_stage_that_proved_less_says_so_until_the_next_stage() -> None:
    spec = ModelSpec(name="m", charset="ab", preprocessing=PLAIN)
    assert spec.reservation == ""
    doubtful = spec.after(LineageStep(stage="quantize", notes={"reservation": "reads nothing"}))
    assert doubtful.reservation == "reads nothing"
    assert doubtful.after(LineageStep(stage="export")).reservation == ""


def test_a_charset_alone_makes_a_reader_whose_blank_is_the_first_class() -> None:
    spec = ModelSpec(name="m", charset="ab", preprocessing=PLAIN)
    assert (spec.task, spec.alphabet) == ("ctc", ("", "a", "b"))
    sorter = ModelSpec(name="m", task="classify", class_names=("x", "y"), preprocessing=PLAIN)
    assert sorter.num_outputs == 2
    assert (spec.output_axes, sorter.output_axes) == (3, 2)  # batch, frames and classes; batch and classes


def test_a_fixed_width_is_kept() -> None:
    p = Preprocessing(height=32, width=97)
    assert p.resized_width(500, 20) == p.padded_width(500, 20) == p.widest == 97


def test_the_widest_input_is_the_widest_line_with_its_padding() -> None:
    p = Preprocessing(height=32, max_width=101)
    assert p.widest == p.padded_width(5000, 32) == 104


def test_a_stage_adds_to_the_lineage() -> None:
    spec = ModelSpec(name="m", charset="ab", preprocessing=PLAIN).after(LineageStep(stage="import"))
    later = spec.after(LineageStep(stage="export"), name="n")
    assert [step.stage for step in later.lineage] == ["import", "export"]
    assert (spec.name, later.name) == ("m", "n")


@pytest.mark.parametrize(("rounding", "width"), [("ceil", 34), ("round", 34), ("floor", 33)])
def test_the_width_is_rounded_up_down_or_to_the_nearest(rounding: str, width: int) -> None:
    p = Preprocessing.model_validate({"height": 32, "width_rounding": rounding})
    assert p.resized_width(101, 96) == width
    assert Preprocessing.model_validate({"height": 4, "width_rounding": rounding}).scaled_width(1, 1000) == 1


def test_a_fixed_width_that_keeps_the_ratio_squeezes_what_is_wider() -> None:
    p = Preprocessing(height=32, width=128, keep_ratio=True)
    assert (p.squeezes(128, 32), p.squeezes(129, 32)) == (False, True)
    assert (p.padded_width(10, 32), p.padded_width(900, 32)) == (128, 128)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 100, "pad_to": 90}, "leaves nothing to pad_to"),
        ({"max_width": 500, "pad_to": 320}, "half of max_width, which is 500"),
        ({"padding": "mean", "normalise": "image"}, "padding: mean takes the mean of a spec"),
    ],
)
def test_padding_that_says_nothing_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocessing.model_validate({"height": 32, **fields})


def test_margins_count_in_the_padded_width_alone() -> None:
    p = Preprocessing(height=32, margin=16, width_multiple=1)
    assert (p.resized_width(100, 32), p.padded_width(100, 32)) == (100, 132)
    assert (p.whole(100), p.widest) == (100, 4096 + 32)
    with pytest.raises(ValueError, match="leave nothing of the width"):
        Preprocessing(height=32, width=32, margin=16)
