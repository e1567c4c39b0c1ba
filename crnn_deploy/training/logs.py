"""Logs of a running training: CSV for tables and scripts, events for TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crnn_deploy.files import make_folder

if TYPE_CHECKING:  # of the extra `train`, which recipes can be read without
    from lightning_fabric.loggers.logger import Logger

LogKind = Literal["csv", "tensorboard"]


class TrainingLog:
    """Figures by step in `FOLDER/csv/metrics.csv` and `FOLDER/tensorboard/`, without buffering.

    A resumed training replaces the rows from its first step on, so that no step appears twice. Of several processes
    only the first may write.

    Args:
        folder: is made with the first figures.
        kinds: which logs to write; may be empty.
    """

    def __init__(self, folder: Path, kinds: tuple[LogKind, ...]) -> None:
        self._folder = folder
        self._kinds = kinds
        self._loggers: list[Logger] = []

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the `figures` at `step`, such as losses and validation error of an epoch; steps must increase."""
        if not self._loggers:
            self._loggers = [_OPENERS[kind](self._folder, step) for kind in self._kinds]
        for logger in self._loggers:
            logger.log_metrics(dict(figures), step)
            logger.save()

    def close(self) -> None:
        """Finish the files; nothing can be written afterwards."""
        for logger in self._loggers:
            logger.finalize("success")


def _open_csv(folder: Path, first: int) -> Logger:
    """A CSV that starts with the rows of earlier runs before the step `first`."""
    from lightning_fabric.loggers.csv_logs import CSVLogger

    folder_of_csv = folder / "csv"
    make_folder(folder_of_csv)
    file = folder_of_csv / "metrics.csv"
    rows = _rows(file)
    file.unlink(missing_ok=True)  # because Fabric's logger cannot append to a file
    logger: Logger = CSVLogger(folder, name="", version="csv")
    for step, figures in rows.items():
        if step < first:
            logger.log_metrics(figures, step)
    return logger


def _rows(file: Path) -> dict[int, dict[str, float]]:
    """Step → figures, without an incomplete last line."""
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, restval=""))
    complete = [row for row in rows if row.get("step", "").isdigit()]
    return {
        int(row["step"]): {name: float(text) for name, text in row.items() if name != "step" and text}
        for row in complete
    }


def _open_tensorboard(folder: Path, first: int) -> Logger:
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    make_folder(folder)
    return TensorBoardLogger(folder, name="", version="tensorboard", purge_step=first)


_OPENERS: dict[LogKind, Callable[[Path, int], Logger]] = {"csv": _open_csv, "tensorboard": _open_tensorboard}
