"""The log of a training: what was written can be read back, also after an interruption."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crnn_deploy.training.logs import LogKind, TrainingLog


def log(folder: Path, points: dict[int, dict[str, float]], *kinds: LogKind) -> None:
    training_log = TrainingLog(folder, kinds)
    for step, figures in points.items():
        training_log.write(step, figures)
    training_log.close()


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "csv" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_epoch_is_a_row(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 2.5, "ctc": 1.5}, 2: {"loss": 1.25, "ctc": 0.75}}, "csv")
    assert rows(tmp_path) == [
        {"ctc": "1.5", "loss": "2.5", "step": "1"},
        {"ctc": "0.75", "loss": "1.25", "step": "2"},
    ]


def test_a_row_is_on_disk_before_the_next_epoch(tmp_path: Path) -> None:
    training_log = TrainingLog(tmp_path, ("csv",))
    training_log.write(1, {"loss": 2.0})
    assert [row["loss"] for row in rows(tmp_path)] == ["2.0"]


def test_a_figure_may_come_later(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 2.0}, 2: {"loss": 1.0, "spike_agreement": 0.5}}, "csv")
    assert [row["spike_agreement"] for row in rows(tmp_path)] == ["", "0.5"]


def test_a_resumed_training_repeats_no_epoch(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 3.0}, 2: {"loss": 2.0}, 3: {"loss": 1.0}}, "csv")
    log(tmp_path, {3: {"loss": 1.1, "ctc": 0.5}, 4: {"loss": 0.9, "ctc": 0.4}}, "csv")  # epoch 3 was not kept
    assert [(row["step"], row["loss"]) for row in rows(tmp_path)] == [
        ("1", "3.0"),
        ("2", "2.0"),
        ("3", "1.1"),
        ("4", "0.9"),
    ]


def test_a_training_begun_anew_leaves_nothing_of_the_old(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 3.0}, 2: {"loss": 2.0}}, "csv")
    log(tmp_path, {1: {"loss": 9.0}}, "csv")
    assert [row["loss"] for row in rows(tmp_path)] == ["9.0"]


def test_a_half_written_row_is_dropped(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 3.0}, 2: {"loss": 2.0}}, "csv")
    file = tmp_path / "csv" / "metrics.csv"
    file.write_text(file.read_text() + "1.0")
    log(tmp_path, {4: {"loss": 0.5}}, "csv")
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2", "4"]


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_shows_each_epoch_once(tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log(tmp_path, {1: {"loss": 3.0}, 2: {"loss": 2.0}, 3: {"loss": 1.0}}, "tensorboard")
    log(tmp_path, {3: {"loss": 1.5}, 4: {"loss": 0.5}}, "tensorboard")
    events = accumulators.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 3.0), (2, 2.0), (3, 1.5), (4, 0.5)]


def test_no_kinds_write_nothing(tmp_path: Path) -> None:
    log(tmp_path, {1: {"loss": 1.0}})
    assert list(tmp_path.iterdir()) == []
