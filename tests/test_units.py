from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy import units

STEPS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9_999, "10.0 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"),
     (999_999, "1.00 MB"), (15_123_456, "15.1 MB"), (999_999_999, "1.00 GB"), (2 * 10**9, "2.00 GB"),
     (999_999_999_999, "1,000 GB"), (3 * 10**12, "3,000 GB")],
)  # fmt: skip
def test_sizes_are_decimal(count, text) -> None:
    assert units.size(count).replace(units.NBSP, " ") == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (7, "7"), (721_000, "721 k"), (999_999, "1.00 M"), (1_240_000_000, "1.24 G")]
)
def test_quantities_have_no_unit_of_their_own(count, text) -> None:
    assert units.quantity(count).replace(units.NBSP, " ") == text


@given(st.integers(0, 10**13))
def test_sizes_and_quantities_are_right_to_three_digits(count) -> None:
    for text in (units.size(count), units.quantity(count)):
        figure, _, unit = text.partition(units.NBSP)
        assert number(figure) * STEPS[unit] == pytest.approx(count, rel=0.00501)


@given(st.floats(1e-6, 1e9))
def test_significant_rounds_to_three_digits_without_exponent(value) -> None:
    text = units.significant(value)
    assert re.fullmatch(r"[\d,]+(\.\d+)?", text)
    assert number(text) == pytest.approx(value, rel=0.00501)
    assert len(re.sub(r"[^\d]", "", text).lstrip("0")) == 3 or value > 999
    assert number(units.significant(-value)) == -number(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.85149, "0.851"), (0.9994, "0.999"), (0.9996, "1.00"), (9.994, "9.99"), (9.999, "10.0"),
     (24.349, "24.3"), (99.96, "100"), (999.7, "1,000"), (1239.6, "1,240"), (-0.5, "-0.500"), (-9.999, "-10.0")],
)  # fmt: skip
def test_significant(value, text) -> None:
    assert units.significant(value) == text


@given(st.floats(0, 1))
def test_percentages_are_right_to_a_hundredth(fraction) -> None:
    figure, _, sign = units.percent(fraction).partition(units.NBSP)
    assert sign == "%"
    assert number(figure) == pytest.approx(100 * fraction, abs=0.00501)


@given(st.floats(-1, 1))
def test_points_carry_their_sign(fraction) -> None:
    text = units.points(fraction)
    assert text[0] in "+−"
    assert number(text) == pytest.approx(100 * fraction, abs=0.00501)


def test_points_that_round_to_nothing_are_not_negative() -> None:
    assert units.points(-0.00001) == units.points(-0.0) == "+0.00"
    assert units.points(-0.00006) == "−0.01"


def test_an_interval_is_in_percent() -> None:
    assert units.interval((0.13612, 0.14879)) == "13.61–14.88"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(19, "19× smaller"), (9.96, "10× smaller"), (9.94, "9.9× smaller"), (1.5, "1.5× smaller"), (1.04, "1.04× smaller"),
     (1, "1.00× smaller"), (0.5, "2.0× larger"), (0.05, "20× larger")],
)  # fmt: skip
def test_times(ratio, text) -> None:
    assert units.times(ratio, "smaller", "larger") == text


@given(st.floats(0.001, 1000))
def test_times_is_never_below_one(ratio) -> None:
    figure, _, word = units.times(ratio, "smaller", "larger").partition("× ")
    assert word == ("smaller" if ratio >= 1 else "larger")
    assert number(figure) >= 1
    assert number(figure) == pytest.approx(max(ratio, 1 / ratio), rel=0.051)


def test_units_stay_on_the_line_of_their_number() -> None:
    for text in (units.size(5_000), units.quantity(5_000), units.milliseconds(1.5), units.percent(0.5)):
        assert re.search(rf"\d{units.NBSP}\S", text)


def test_a_span_of_one_number_is_that_number() -> None:
    assert (units.span(32, 640), units.span(32, 32)) == ("32–640", "32")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("4096", 4096),
        ("7B", 7),
        ("1.5 kB", 1500),
        ("20GB", 20 * 10**9),
        (" 2 tb ", 2 * 10**12),
        ("0.1MB", 10**5),
    ],
)
def test_a_size_is_read(text: str, count: int) -> None:
    assert units.bytes_of(text) == count


@pytest.mark.parametrize("text", ["", "B", "-1", "1e3", "20GiB", "1,000", "two GB", "٢"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size is a number"):
        units.bytes_of(text)
