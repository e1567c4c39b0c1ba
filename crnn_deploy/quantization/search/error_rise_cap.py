"""The highest rise of the error that INT8 may cost, and which layers must stay in FP32 to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.quantization.record import LayerSensitivity
from crnn_deploy.quantization.rewrite.plan import Plan
from crnn_deploy.quantization.search.sensitivity import ComparePlan

_LEAST_SAME_TEXT = 0.5  # a model that reads fewer images as before is broken
_REPAIRED = 0.01  # highest rise of the error of a model that was broken and repaired: one point


@dataclass(frozen=True)
class ErrorRiseCap:
    """How much worse than its parent a candidate may read.

    Args:
        max_error_rise: highest upper end of the interval of the error's difference, a fraction. None: a candidate only
            has to read half of the images as its parent does, and where labels count the errors, its error must not
            certainly rise by more than one point: a PaddleOCR model that read 16 points worse and kept half of its
            texts was as good as its parent with 2 of 35 layers in FP32. One that doesn't is broken; after more layers
            went back to FP32 its error must be within one point of its parent's.
        labelled: whether errors are counted against labels. Against the parent's own texts each change is an error,
            also one for the better.
    """

    max_error_rise: float | None
    labelled: bool = False

    def accepts(self, comparison: ModelComparison) -> bool:
        """Whether a candidate may ship as it is: its outputs are numbers, and it reads well enough."""
        if comparison.not_finite:
            return False
        if self.max_error_rise is None:
            costly = self.labelled and comparison.difference.low > _REPAIRED
            return comparison.same_text >= _LEAST_SAME_TEXT and not costly
        return comparison.difference.high <= self.max_error_rise

    def accepts_repaired(self, comparison: ModelComparison) -> bool:
        """Whether a candidate may ship after layers went back to FP32 because it was not accepted."""
        capped = self.max_error_rise is not None
        return self.accepts(comparison) and (capped or comparison.difference.delta <= _REPAIRED)


@dataclass(frozen=True)
class PlanFit:
    """A plan and how it reads; `accepted` is whether it keeps the cap."""

    plan: Plan
    comparison: ModelComparison
    accepted: bool


def fit_to_cap(unfit: PlanFit, ranking: Sequence[LayerSensitivity], compare: ComparePlan, cap: ErrorRiseCap) -> PlanFit:
    """The plan with the fewest of its most sensitive layers in FP32 that keeps the cap, by bisection.

    Args:
        unfit: a plan that does not keep the cap.
        ranking: of all layers in that plan, most sensitive first.

    Returns:
        Where no plan keeps the cap, the one with the least error among those tried.
    """
    order = [sensitivity.layer for sensitivity in ranking if sensitivity.layer in unfit.plan]
    best = unfit
    fails, passes = 0, len(order)  # with all of them in FP32 it is its parent
    while passes - fails > 1:
        count = (fails + passes) // 2
        smaller = unfit.plan.difference(order[:count])
        comparison = compare(smaller, f"{count} layers in FP32")
        if cap.accepts_repaired(comparison):
            passes, best = count, PlanFit(smaller, comparison, accepted=True)
        else:
            fails = count
            if not best.accepted and comparison.error < best.comparison.error:
                best = PlanFit(smaller, comparison, accepted=False)
    return best
