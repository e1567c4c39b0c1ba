"""Predictions as a Parquet file, for other tools, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Block, Predictions
from crnn_deploy.evaluation.result import DatasetFacts, Evaluation
from crnn_deploy.files import check_output, printable, replacing, require_file

if TYPE_CHECKING:
    import pyarrow

_FACTS = b"crnn-deploy"
_COUNTS = ("edits", "length", "edits_ci", "length_ci")
_SIZES = ("width", "height")


def check_parquet(path: Path, force: bool) -> None:
    """Raise `InputError` unless predictions can be written to `path`. Call it before long work."""
    check_output(path, force, ".parquet")
    if not can_write():
        raise InputError(f"{path} needs pyarrow to be written.", fix="pip install 'crnn-deploy[parquet]'")


def can_write() -> bool:
    """Whether the extra `parquet` is installed."""
    return find_spec("pyarrow") is not None


def write_parquet(evaluation: Evaluation, path: Path, force: bool = False) -> None:
    """Write the predictions, a row each in the order of the source; the figures are in the file's metadata.

    Columns: index, item, reference, text, confidence, ranked (of more than five classes), width, height, and the counts
    that figures are sums of: edits and characters of the reference, as they are and case-folded (`_ci`). What is not
    known is null.

    Raises:
        InputError: if pyarrow is not installed, or the file exists and `force` is not set, or it can't be written.
    """
    check_parquet(path, force)
    import pyarrow.parquet

    facts = json_text(evaluation.model_dump(mode="json", exclude={"predictions"}))
    schema = _schema(facts.encode("utf-8"))
    with replacing(path, force) as temporary, pyarrow.parquet.ParquetWriter(temporary, schema) as writer:
        for block in evaluation.predictions.blocks():
            writer.write_table(pyarrow.table(_columns(block), schema=schema))


def read_parquet(path: Path) -> Evaluation:
    """The evaluation that `write_parquet` has written: two of them can be compared as if they had just been made.

    Raises:
        InputError: if pyarrow is not installed, or the file is broken or another one.
    """
    require_file(path)
    if not can_write():
        raise InputError(f"{path} needs pyarrow to be read.", fix="pip install 'crnn-deploy[parquet]'")
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            facts = json.loads((file.schema_arrow.metadata or {})[_FACTS])
            count = DatasetFacts.model_validate(facts["dataset"]).count
            return Evaluation.model_validate({**facts, "predictions": Predictions.of(_predictions(file, count))})
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} cannot be read as predictions ({type(error).__name__}).",
            "It is damaged, of another version, or was not written by `evaluate --predictions`.",
            "Evaluate again.",
        ) from None


def _schema(facts: bytes) -> pyarrow.Schema:
    import pyarrow as arrow

    kinds = {"index": arrow.int64(), "item": arrow.string(), "reference": arrow.string(), "text": arrow.string()}
    kinds |= {"confidence": arrow.float64(), "ranked": arrow.list_(arrow.string())}
    kinds |= {name: arrow.int32() for name in (*_SIZES, *_COUNTS)}
    return arrow.schema(list(kinds.items()), metadata={_FACTS: facts})


def _columns(block: Block) -> dict[str, Any]:
    predictions = block.predictions
    return {
        "index": block.rows["index"],
        "item": [printable(each.item) for each in predictions],
        "reference": [printable(each.reference) for each in predictions],
        "text": [each.text for each in predictions],
        "confidence": [each.confidence for each in predictions],
        "ranked": [list(each.ranked) or None for each in predictions],
        **{name: [int(size) or None for size in block.rows[name]] for name in _SIZES},
        **{name: block.rows[name] for name in _COUNTS},
    }


def _predictions(file: pyarrow.parquet.ParquetFile, count: int) -> Iterator[Prediction]:
    """The rows, whose indices must rise and be below `count`."""
    last = -1
    for batch in file.iter_batches(columns=["index", "item", "reference", "text", "confidence", "ranked", *_SIZES]):
        for row in batch.to_pylist():
            if not last < row["index"] < count:
                raise ValueError(f"index {row['index']} after {last}")
            last = row["index"]
            sizes = {name: row[name] or 0 for name in _SIZES}
            yield Prediction.model_validate({**row, **sizes, "ranked": tuple(row["ranked"] or ())})
