"""Compact spellings give the fields that they stand for."""

from __future__ import annotations

import pytest

from crnn_deploy.compact import expand_compact, parse_compact


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("ctc", {"kind": "ctc"}),
        ("ctc:", {"kind": "ctc"}),
        ("frame-kl:until=0.5,weight=2", {"kind": "frame-kl", "until": "0.5", "weight": 2}),
        ("frame-kl:selection=all,", {"kind": "frame-kl", "selection": "all"}),
        ("x:flag=true,empty=", {"kind": "x", "flag": "true", "empty": ""}),
        ("x:a=b=c", {"kind": "x", "a": "b=c"}),
    ],
)
def test_a_name_and_its_options(text: str, fields: dict[str, object]) -> None:
    assert parse_compact(text, "kind") == fields
    assert expand_compact(text, "kind") == fields


def test_the_name_goes_to_the_key_that_is_asked_for() -> None:
    assert parse_compact("mobilenet-v4-gru:width=0.5", "family") == {"family": "mobilenet-v4-gru", "width": "0.5"}


@pytest.mark.parametrize("text", ["ctc:weight", "ctc:weight=1,until"])
def test_a_setting_must_be_key_and_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not key=value. Write ctc:KEY=VALUE"):
        parse_compact(text, "kind")


@pytest.mark.parametrize("text", ["ctc:weight=1,weight=2", "ctc:kind=dctc"])
def test_no_key_is_given_twice(text: str) -> None:
    with pytest.raises(ValueError, match="is given twice"):
        parse_compact(text, "kind")


@pytest.mark.parametrize("value", [{"kind": "ctc"}, 3, None])
def test_other_values_stay_as_they_are(value: object) -> None:
    assert expand_compact(value, "kind") is value
