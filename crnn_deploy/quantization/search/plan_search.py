"""The way to a plan: calibrators, then the accuracy budget, then speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import onnx

from crnn_deploy.progress import Progress
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS, CalibratorName
from crnn_deploy.quantization.calibration.histogram import Histogram
from crnn_deploy.quantization.calibration.observation import Ranges, ranges
from crnn_deploy.quantization.record import CalibratorTrial, LayerSensitivity, Reading, SpeedTrial
from crnn_deploy.quantization.rewrite.assembly import assemble
from crnn_deploy.quantization.rewrite.plan import Layer, Plan, first_plan
from crnn_deploy.quantization.search.budget import Budget, fit_budget
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.fastest_plan import ALL, Placement, choices_of
from crnn_deploy.quantization.search.sensitivity import ReadPlan, measure_sensitivity
from crnn_deploy.quantization.target import Target


@dataclass(frozen=True)
class Found:
    """A plan, what it reads and how fast it is, and what was measured on the way to it."""

    calibrator: CalibratorName
    plan: Plan
    reading: Reading
    accepted: bool
    """Whether the reading keeps the budget."""
    trials: tuple[CalibratorTrial, ...]
    sensitivity: tuple[LayerSensitivity, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why layers of the first plan are in FP32."""
    speed: tuple[SpeedTrial, ...] = ()
    exact: Plan = frozenset()
    """Layers that the budget keeps in FP32 with their weights; the others in FP32 store theirs in INT8."""


class PlanSearch:
    """Looks for the best plan of one model.

    Args:
        model: FP32, as `prepare` gives it.
        layers: that could run in INT8.
        histograms: of the tensors that `tensors_to_calibrate` names.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        target: Target,
        layers: Sequence[Layer],
        histograms: Mapping[str, Histogram],
        examiner: Examiner,
        progress: Progress,
    ) -> None:
        self.model = model
        self._target = target
        self.layers = layers
        self.histograms = histograms
        self._examiner = examiner
        self._progress = progress
        self._ranges: dict[CalibratorName, Ranges] = {}
        self.first = first_plan(model.graph, layers, target)
        self._all = frozenset(layer.name for layer in layers)

    def assemble(self, plan: Plan, calibrator: CalibratorName, exact: Plan = frozenset()) -> onnx.ModelProto:
        """The model of a plan; weights of the layers in `exact` stay FP32."""
        return assemble(self.model, plan, self.ranges(calibrator), self._target, exact)

    def ranges(self, calibrator: CalibratorName) -> Ranges:
        """What INT8 covers of each tensor."""
        if calibrator not in self._ranges:
            self._ranges[calibrator] = ranges(self.histograms, CALIBRATORS[calibrator], self._target == "tensorrt")
        return self._ranges[calibrator]

    def calibrate(self, calibrators: Sequence[CalibratorName], budget: Budget) -> Found:
        """The first plan, with the best calibrator."""
        trials = tuple(
            CalibratorTrial(calibrator=name, reading=self._read(self.first, name, f"Reading with {name}"))
            for name in calibrators
        )
        best = best_trial(trials, budget)
        return Found(best.calibrator, self.first, best.reading, accepted=False, trials=trials)

    def keep_budget(self, found: Found, budget: Budget, always: bool) -> Found:
        """`found` with as many layers in FP32 as the budget demands.

        Args:
            always: measure the layers' sensitivity even if the budget holds.
        """
        accepted = budget.accepts(found.reading)
        if accepted and not always:
            return replace(found, accepted=True)

        layers = [layer for layer in self.layers if layer.name in found.plan]
        sensitivity = measure_sensitivity(layers, self._reader(found, exact=True), self._progress)
        found = replace(found, sensitivity=sensitivity, accepted=accepted)
        return found if accepted else self._repair(found, budget)

    def _repair(self, found: Found, budget: Budget) -> Found:
        """`found` with its most sensitive layers in FP32; their weights, which are large, only if need be."""
        # What TensorRT runs in FP32 keeps its FP32 weights anyway.
        for exact in (False, True) if self._target == "cpu" else (False,):
            fit = fit_budget(found.plan, found.sensitivity, self._reader(found, exact), budget, found.reading)
            if fit.accepted:
                break
        in_fp32 = found.plan - fit.plan
        return replace(
            found,
            plan=fit.plan,
            reading=fit.reading,
            accepted=fit.accepted,
            reasons=dict.fromkeys(in_fp32, "too sensitive for the budget"),
            exact=self._all - fit.plan if exact and in_fp32 else frozenset(),
        )

    def _reader(self, found: Found, exact: bool) -> ReadPlan:
        """Reads plans with the calibrator of `found`; `exact`: all layers outside of them keep their FP32 weights."""

        def read(plan: Plan, description: str) -> Reading:
            return self._read(plan, found.calibrator, description, self._all - plan if exact else frozenset())

        return read

    def place(self, found: Found, placement: Placement, budget: Budget, input_shape: tuple[int, ...]) -> Found:
        """`found` with layers in FP32 where they run faster so, as long as the rest keeps the budget."""
        plan, speed = placement.fastest(found.plan, choices_of(found.plan, self.model, self.layers, input_shape))
        if plan == found.plan:
            return replace(found, speed=speed)
        reading = self._read(plan, found.calibrator, "Reading with the fastest placement", found.exact)
        accepted = budget.accepts_repaired(reading) if found.reasons else budget.accepts(reading)
        if not accepted:
            return replace(found, speed=tuple(sorted(speed, key=lambda trial: trial.plan == ALL)))
        slower = dict.fromkeys(found.plan - plan, "slower in INT8 here")
        return replace(found, plan=plan, reading=reading, reasons={**found.reasons, **slower}, speed=speed)

    def _read(self, plan: Plan, calibrator: CalibratorName, description: str, exact: Plan = frozenset()) -> Reading:
        return self._examiner.read(self.assemble(plan, calibrator, exact), description)


def best_trial(trials: Sequence[CalibratorTrial], budget: Budget) -> CalibratorTrial:
    """Of the trials that keep the budget, or of all where none does: the least error, or what can't be told from it.

    Among those it is the one with the least noise. A few hundred lines tell errors apart only to half a point; chosen
    by errors alone, a MobileNetV4-GRU came out 0.4 points worse on other lines than with the calibrator of the least
    noise.
    """
    eligible = [trial for trial in trials if budget.accepts(trial.reading)] or trials
    least = min((trial.reading for trial in eligible), key=lambda reading: reading.error)
    as_good = [trial for trial in eligible if trial.reading.change.low <= least.change.high]
    return max(as_good, key=lambda trial: trial.reading.noise_db)
