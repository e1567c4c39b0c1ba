"""Specs inside ONNX files of strangers: a `Reader` opens them, or says what is wrong with them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from mutated_values import mutations_of
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.artifact import SPEC_KEY
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.ngrams import NODE, packed
from crnn_deploy.zoo import READER

MODEL = onnx.load(READER)
SPEC: dict[str, Any] = json.loads(next(entry.value for entry in MODEL.metadata_props if entry.key == SPEC_KEY))
_FEW_NGRAMS = packed(np.array([(0, 0, 9, 2), (0, 20, 3, 0), (1, 9, 3, 1), (1, 5, 0, 0)], NODE))
SHORT = SPEC | {"language_model": SPEC["language_model"] | {"table": _FEW_NGRAMS}}
"""The same with a short table, so that changes find other fields, too."""


def with_spec(path: Path, text: str) -> Path:
    """The reader of the package with other text in place of its spec."""
    del MODEL.metadata_props[:]
    MODEL.metadata_props.add(key=SPEC_KEY, value=text)
    path.write_bytes(MODEL.SerializeToString())
    return path


def test_the_reader_of_the_package_opens_with_its_own_spec(tmp_path: Path) -> None:
    assert Reader(with_spec(tmp_path / "m.onnx", json.dumps(SPEC)), threads=1).spec == Reader(threads=1).spec


@given(mutations_of(SHORT))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spec_with_a_change_is_read_or_refused(tmp_path: Path, spec: Any) -> None:
    path = with_spec(tmp_path / "m.onnx", json.dumps(spec))
    with suppress(InputError, GateError):
        reader = Reader(path, threads=1, decoder="beam", beam_width=4)
        reader(Image.new("L", (60, 32), 255))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preprocessing": {**SPEC["preprocessing"], "height": "tall"}}, "'preprocessing.height': Input should be"),
        ({"preprocessing": {**SPEC["preprocessing"], "heigth": 32}}, "did you mean 'height'"),
        ({"preprocessing": {**SPEC["preprocessing"], "height": True}}, "'height' can't be true"),
        ({"charset": ["a" * 65]}, "'charset.0': String should have at most 64 characters"),
        ({"charset": []}, "a CTC model needs a charset"),
        ({"name": None}, "'name': Input should be a valid string"),
        ({"metrics": {"x": {"cer": [0.5]}}}, "'metrics.x.cer'"),
        ({"lineage": {"stage": "train"}}, "'lineage'"),
        ({"schema_version": 2}, "newer crnn-deploy"),
        ({"schema_version": True}, "damaged"),
    ],
)
def test_the_key_that_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        Reader(with_spec(tmp_path / "m.onnx", json.dumps({**SPEC, **changes})))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", json.dumps(SPEC)[:-1], "[" * 100_000, json.dumps({**SPEC, "blank": float("nan")})],
    ids=["empty", "open", "list", "null", "number", "cut", "deep", "NaN"],
)
def test_text_that_is_no_spec_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        Reader(with_spec(tmp_path / "m.onnx", text))
