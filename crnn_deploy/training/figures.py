"""Means of the figures of all steps."""

from __future__ import annotations

from collections.abc import Mapping

_RECENT = 50  # number of steps that the status line averages


class Averages:
    """Figures of the steps of one epoch, by name. A loss that fades out has figures for fewer steps than others."""

    def __init__(self, values: dict[str, list[float]] | None = None) -> None:
        self.values = values or {}

    def add(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def means(self) -> dict[str, float]:
        return {name: sum(steps) / len(steps) for name, steps in self.values.items()}

    def recent(self) -> str:
        """Text on the last steps: `loss 1.234, spikes agree 56%`."""
        loss = _mean(self.values["loss"][-_RECENT:])
        spikes = self.values.get("spike_agreement")
        return f"loss {loss:.3f}" + (f", spikes agree {_mean(spikes[-_RECENT:]):.0%}" if spikes else "")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
