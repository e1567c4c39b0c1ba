"""Predictions in a Parquet file."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation import parquet
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.difference import paired_difference
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.parquet import read_parquet, write_parquet

REFERENCES = ["total", "tax", "cash", "change"] * 10
BAD = [text[:-1] for text in REFERENCES]


@pytest.fixture
def pq():
    return pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")


needs_pyarrow = pytest.mark.usefixtures("pq")


def test_each_prediction_is_a_row_with_its_errors(pq, evaluation_of, tmp_path: Path) -> None:
    write_parquet(evaluation_of(["Total", "tax"], ["total", "t"]), tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet").to_pydict()
    assert table["index"] == [0, 1]
    assert table["item"] == ["0.png", "1.png"]
    assert (table["reference"], table["text"]) == (["Total", "tax"], ["total", "t"])
    assert (table["edits"], table["edits_ci"], table["length"]) == ([1, 2], [0, 2], [5, 3])
    assert table["confidence"] == table["width"] == table["ranked"] == [None, None]


@needs_pyarrow
def test_what_was_written_is_read_and_compared_like_the_evaluation(evaluation_of, tmp_path: Path) -> None:
    good, bad = evaluation_of(REFERENCES, REFERENCES), evaluation_of(REFERENCES, BAD)
    for name, evaluation in (("good", good), ("bad", bad)):
        write_parquet(evaluation, tmp_path / f"{name}.parquet")
    read = {name: read_parquet(tmp_path / f"{name}.parquet") for name in ("good", "bad")}
    assert read == {"good": good, "bad": bad}
    assert paired_difference(read["bad"], read["good"]) == paired_difference(bad, good)


def test_names_that_are_not_utf8_can_be_written(pq, evaluation_of, tmp_path: Path) -> None:
    evaluation = evaluation_of(["a"], ["a"])
    named = evaluation.predictions[0].model_copy(update={"item": "a\udcff.png"})
    odd = evaluation.model_validate({**dict(evaluation), "predictions": [named]})
    write_parquet(odd, tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet").to_pydict()["item"] == ["a?.png"]


@needs_pyarrow
def test_an_older_file_is_kept_unless_forced(evaluation_of, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(evaluation_of(["a"], ["a"]), path)
    with pytest.raises(InputError, match="already exists"):
        write_parquet(evaluation_of(["a"], ["a"]), path)
    write_parquet(evaluation_of(["a"], ["b"]), path, force=True)
    assert read_parquet(path).predictions[0].text == "b"


@needs_pyarrow
@pytest.mark.parametrize("content", [b"no parquet", b"PAR1" * 9])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as predictions"):
        read_parquet(tmp_path / "x.parquet")


def test_a_parquet_file_of_something_else_is_refused(pq, tmp_path: Path) -> None:
    import pyarrow

    pq.write_table(pyarrow.table({"text": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="cannot be read as predictions"):
        read_parquet(tmp_path / "x.parquet")


def test_the_file_is_checked_before_the_model_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = EvaluateConfig(artifact=tmp_path / "missing.onnx", data="missing", predictions=tmp_path / "x.parquet")
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="needs pyarrow"):
        evaluate(config)
    with pytest.raises(InputError, match=r"must end in \.parquet"):
        evaluate(config.model_copy(update={"predictions": tmp_path / "x.csv"}))
