"""Which layers have to stay in FP32 so that the rest keeps the accuracy budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crnn_deploy.quantization.record import LayerSensitivity, Reading
from crnn_deploy.quantization.rewrite.plan import Plan
from crnn_deploy.quantization.search.sensitivity import ReadPlan

_LEAST_SAME_TEXT = 0.5  # less is a broken model
_REPAIRED = 0.01  # what a broken model must come back to: one point


@dataclass(frozen=True)
class Budget:
    """How much worse than its parent a candidate may read.

    Args:
        max_drop: highest upper end of the change's interval, as a fraction. None: a candidate only has to read half of
            the images as its parent does. One that doesn't is broken, and what is made of it with more layers in FP32
            must come within one point of its parent.
    """

    max_drop: float | None

    def accepts(self, reading: Reading) -> bool:
        """Whether a candidate may ship without looking at its layers."""
        if self.max_drop is None:
            return reading.same_text >= _LEAST_SAME_TEXT
        return reading.change.high <= self.max_drop

    def accepts_repaired(self, reading: Reading) -> bool:
        """Whether a candidate may ship from which layers were taken because it was not accepted."""
        return self.accepts(reading) and (self.max_drop is not None or reading.change.delta <= _REPAIRED)


@dataclass(frozen=True)
class Fit:
    """A plan and how it reads; `accepted` tells whether it keeps the budget."""

    plan: Plan
    reading: Reading
    accepted: bool


def fit_budget(
    plan: Plan, ranking: Sequence[LayerSensitivity], read: ReadPlan, budget: Budget, reading: Reading
) -> Fit:
    """The plan with the fewest of its most sensitive layers in FP32 that keeps the budget, by bisection.

    Args:
        ranking: of all layers in `plan`, most sensitive first.
        reading: of `plan` itself, which does not keep the budget.

    Returns:
        Where nothing keeps it, the candidate with the least error among those tried.
    """
    order = [sensitivity.layer for sensitivity in ranking if sensitivity.layer in plan]
    best = Fit(plan, reading, accepted=False)
    fails, passes = 0, len(order)  # in FP32 altogether it is its parent
    while passes - fails > 1:
        count = (fails + passes) // 2
        smaller = plan.difference(order[:count])
        found = read(smaller, f"{count} layers in FP32")
        if budget.accepts_repaired(found):
            passes, best = count, Fit(smaller, found, accepted=True)
        else:
            fails = count
            if not best.accepted and found.error < best.reading.error:
                best = Fit(smaller, found, accepted=False)
    return best
