"""Predictions that are in a file instead of in memory."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.keeping import keep_evaluation, kept_evaluation
from crnn_deploy.evaluation.metrics import text_ratios
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions

texts = st.text(max_size=8)
rows = st.lists(
    st.builds(
        Prediction,
        item=texts,
        reference=texts,
        text=texts,
        confidence=st.none() | st.integers(0, 10_000).map(lambda steps: steps / 10_000),
        ranked=st.just(()) | st.just(("a", "b", "", "d", "e")),
        width=st.integers(0, 9),
        height=st.integers(0, 9),
    ),
    max_size=8,
)


@settings(max_examples=50)
@given(rows, st.randoms())
def test_they_come_back_in_the_order_of_the_images(given, random) -> None:
    placed = [each.model_copy(update={"index": 3 * place}) for place, each in enumerate(given)]
    found = Predictions.of(random.sample(placed, len(placed)))
    assert list(found) == found[:] == placed
    assert len(found) == len(placed)
    assert [found[place] for place in range(len(placed))] == placed


@settings(max_examples=50)
@given(rows)
def test_their_counts_are_those_of_their_texts(given) -> None:
    found = Predictions.of(given)
    expected = text_ratios([each.reference for each in given], [each.text for each in given])
    for figure, ratio in expected.items():
        assert found.ratio(figure).counted.tolist() == ratio.counted.tolist()
        assert found.ratio(figure).possible.tolist() == ratio.possible.tolist()


def test_names_that_are_not_utf8_keep_their_bytes() -> None:
    (found,) = Predictions.of([Prediction(item="a\udcff.png", reference="a", text="a")])
    assert found.item == "a\udcff.png"


def test_a_place_that_is_not_there_is_an_index_error() -> None:
    found = Predictions.of([Prediction(item="a", reference="a", text="b")])
    assert found[-1].text == "b"
    with pytest.raises(IndexError):
        found[1]


def test_equal_predictions_are_equal_in_any_file() -> None:
    given = [Prediction(item=str(n), reference="a", text="b") for n in range(3)]
    assert Predictions.of(given) == Predictions.of(given[::1])
    assert Predictions.of(given) != Predictions.of(given[:2])
    assert Predictions.of(given) != Predictions.of([*given[:2], given[2].model_copy(update={"text": "c"})])


def test_an_evaluation_is_kept_and_copied_as_json(evaluation_of, tmp_path: Path) -> None:
    evaluation = evaluation_of(["a", "é"], ["a", "e"])
    keep_evaluation(evaluation, tmp_path)
    assert kept_evaluation(tmp_path) == evaluation
    assert type(evaluation).model_validate_json(evaluation.model_dump_json()) == evaluation


def test_a_full_disk_of_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(InputError, match="No space left for temporary files"):
        Predictions.of([])


_MEASURED = """
import resource, sys
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.bootstrap import intervals
def each(count):
    for n in range(count):
        yield Prediction(item=f"lines/{n:08d}.png", reference="a line of text", text="a line of txet", index=n)
found = Predictions.of(each(int(sys.argv[1])))
for figure in ("cer", "cer_ci"):
    intervals({figure: found.ratio(figure)}, 100, 0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_hardly_grows_with_the_lines() -> None:
    few, many = (
        int(subprocess.run([sys.executable, "-c", _MEASURED, str(count)], check=True, capture_output=True).stdout)
        for count in (5_000, 50_000)
    )
    assert many - few < 12_000  # kB; objects would take 35,000
