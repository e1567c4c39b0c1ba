"""Axes are told from their sizes, and the usual order goes first."""

from __future__ import annotations

import pytest

from crnn_deploy.checkpoints.output_axes import axes_of


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 50, 7), "NTC"),
        ((50, 3, 7), "TNC"),
        ((3, 7, 50), "NCT"),
        ((3, 3, 7), "NTC"),
        ((3, 7, 7), "NTC"),
        ((50, 4, 7), None),
        ((3, 7), None),
        ((), None),
    ],
)
def test_axes(shape: tuple[int, ...], axes: str | None) -> None:
    assert axes_of(shape, images=3, classes=7) == axes
