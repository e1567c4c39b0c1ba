"""The search for a plan: first the calibrator, then the cap on the error, then speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.calibrated_model import CalibratedModel
from crnn_deploy.quantization.config import CalibratorName
from crnn_deploy.quantization.record import CalibratorTrial, LayerSensitivity, SpeedTrial
from crnn_deploy.quantization.rewrite.plan import Plan
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap, PlanFit, fit_to_cap
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.fastest_plan import ALL, Placement, choices_of
from crnn_deploy.quantization.search.sensitivity import ComparePlan, measure_sensitivity


@dataclass(frozen=True)
class SearchResult:
    """A plan, how it reads, how fast it is, and what was measured on the way to it."""

    calibrator: CalibratorName
    plan: Plan
    comparison: ModelComparison
    accepted: bool
    """Whether it keeps the cap on the error."""
    trials: tuple[CalibratorTrial, ...]
    sensitivity: tuple[LayerSensitivity, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why layers of the first plan are in FP32."""
    speed: tuple[SpeedTrial, ...] = ()
    exact: Plan = frozenset()
    """Layers that must stay in FP32 together with their weights; other layers in FP32 store their weights in INT8."""


class PlanSearch:
    """Searches for the best plan of one model; each step starts from the result of the one before."""

    def __init__(self, calibrated: CalibratedModel, examiner: Examiner, progress: Progress) -> None:
        self._calibrated = calibrated
        self._examiner = examiner
        self._progress = progress

    def choose_calibrator(self, calibrators: Sequence[CalibratorName], cap: ErrorRiseCap) -> SearchResult:
        """The first plan, with the best calibrator."""
        plan = self._calibrated.first_plan()
        trials = tuple(
            CalibratorTrial(calibrator=name, comparison=self._compare(plan, name, f"Reading with {name}"))
            for name in calibrators
        )
        best = best_trial(trials, cap)
        return SearchResult(best.calibrator, plan, best.comparison, accepted=False, trials=trials)

    def keep_cap(self, result: SearchResult, cap: ErrorRiseCap, always: bool) -> SearchResult:
        """`result` with as many layers in FP32 as the cap demands.

        Args:
            always: measure the layers' sensitivity even if the cap is kept.
        """
        accepted = cap.accepts(result.comparison)
        if accepted and not always:
            return replace(result, accepted=True)

        layers = [layer for layer in self._calibrated.layers if layer.name in result.plan]
        sensitivity = measure_sensitivity(layers, self._comparer(result, exact=True), self._progress)
        result = replace(result, sensitivity=sensitivity, accepted=accepted)
        return result if accepted else self._repair(result, cap)

    def _repair(self, result: SearchResult, cap: ErrorRiseCap) -> SearchResult:
        """`result` with its most sensitive layers in FP32; their weights too, which are large, only if needed."""
        # Layers that TensorRT runs in FP32 keep their FP32 weights anyway.
        for exact in (False, True) if SCHEMES[self._calibrated.target].in_onnxruntime else (False,):
            unfit = PlanFit(result.plan, result.comparison, accepted=False)
            fit = fit_to_cap(unfit, result.sensitivity, self._comparer(result, exact), cap)
            if fit.accepted:
                break
        in_fp32 = result.plan - fit.plan
        return replace(
            result,
            plan=fit.plan,
            comparison=fit.comparison,
            accepted=fit.accepted,
            reasons=dict.fromkeys(in_fp32, "too sensitive for the budget"),
            exact=self._all_but(fit.plan) if exact and in_fp32 else frozenset(),
        )

    def place(
        self, result: SearchResult, placement: Placement, cap: ErrorRiseCap, input_shape: tuple[int, ...]
    ) -> SearchResult:
        """`result` with layers in FP32 where that is faster, as long as the rest keeps the cap."""
        model, layers = self._calibrated.model, self._calibrated.layers
        plan, speed = placement.fastest(result.plan, choices_of(result.plan, model, layers, input_shape))
        if plan == result.plan:
            return replace(result, speed=speed)
        comparison = self._compare(plan, result.calibrator, "Reading with the fastest placement", result.exact)
        accepted = cap.accepts_repaired(comparison) if result.reasons else cap.accepts(comparison)
        if not accepted:
            return replace(result, speed=tuple(sorted(speed, key=lambda trial: trial.plan == ALL)))
        slower = dict.fromkeys(result.plan - plan, "slower in INT8 here")
        return replace(result, plan=plan, comparison=comparison, reasons={**result.reasons, **slower}, speed=speed)

    def _comparer(self, result: SearchResult, exact: bool) -> ComparePlan:
        """Compares plans, with the calibrator of `result`; `exact`: all other layers keep their FP32 weights."""

        def compare(plan: Plan, description: str) -> ModelComparison:
            return self._compare(plan, result.calibrator, description, self._all_but(plan) if exact else frozenset())

        return compare

    def _compare(
        self, plan: Plan, calibrator: CalibratorName, description: str, exact: Plan = frozenset()
    ) -> ModelComparison:
        return self._examiner.compare(self._calibrated.assemble(plan, calibrator, exact), description)

    def _all_but(self, plan: Plan) -> Plan:
        return frozenset(layer.name for layer in self._calibrated.layers) - plan


def best_trial(trials: Sequence[CalibratorTrial], cap: ErrorRiseCap) -> CalibratorTrial:
    """The trial with the least noise among those whose error is the least, as far as the intervals can tell.

    Trials that keep the cap come first; where none does, all count. A few hundred lines tell errors apart only to half
    a point: when the error alone decided, a MobileNetV4-GRU read other lines 0.4 points worse than with the calibrator
    of the least noise.
    """
    eligible = [trial for trial in trials if cap.accepts(trial.comparison)] or trials
    least = min((trial.comparison for trial in eligible), key=lambda comparison: comparison.error)
    as_good = [trial for trial in eligible if trial.comparison.difference.low <= least.difference.high]
    return max(as_good, key=lambda trial: trial.comparison.noise_db)
