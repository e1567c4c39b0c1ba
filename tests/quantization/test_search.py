from __future__ import annotations

from typing import get_args

import pytest

from crnn_deploy.progress import SILENT
from crnn_deploy.quantization.calibrators import CalibratorName
from crnn_deploy.quantization.record import Change, Reading
from crnn_deploy.quantization.search import Search

CALIBRATOR_NAMES = get_args(CalibratorName)


def reading(error: float, width: float, noise_db: float) -> Reading:
    change = Change(delta=error, low=error - width, high=error + width)
    return Reading(error=error, change=change, same_text=0.9, noise_db=noise_db)


def chosen(monkeypatch: pytest.MonkeyPatch, readings: list[Reading]) -> str:
    """What `calibrate` chooses where the calibrators read so."""
    found = dict(zip(CALIBRATOR_NAMES, readings, strict=True))
    search = Search.__new__(Search)  # only what `calibrate` needs
    search.first = frozenset()
    monkeypatch.setattr(search, "_read", lambda *asked: found[asked[1]])
    search._progress = SILENT
    return search.calibrate(CALIBRATOR_NAMES).calibrator


def test_the_least_error_wins_where_it_is_clear(monkeypatch):
    readings = [reading(0.05, 0.001, 40), reading(0.01, 0.001, 30), reading(0.05, 0.001, 41), reading(0.04, 0.001, 42)]
    assert chosen(monkeypatch, readings) == CALIBRATOR_NAMES[1]


def test_the_least_noise_wins_among_errors_that_cannot_be_told_apart(monkeypatch):
    readings = [reading(0.05, 0.01, 45), reading(0.010, 0.003, 30), reading(0.013, 0.003, 35), reading(0.02, 0.003, 42)]
    assert chosen(monkeypatch, readings) == CALIBRATOR_NAMES[2]
