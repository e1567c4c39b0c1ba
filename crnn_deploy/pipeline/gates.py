"""Which variants pass: accuracy against the budget, with intervals, and speed against the baseline and the parent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crnn_deploy.benchmark.speedup import comparable_baseline, latency_ratio, reference_latency, speed_ratio
from crnn_deploy.benchmark.undisturbed import Speedup
from crnn_deploy.benchmark.wording import disturbance, speedup_interval
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.difference import text_agreement
from crnn_deploy.evaluation.primary_error import error_rise, primary_error
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.pipeline.recipe import Budget
from crnn_deploy.report.run.variant import Gate, Variant
from crnn_deploy.units import milliseconds

_SAME_TEXT = 0.999


class _Check(NamedTuple):
    """Whether a variant keeps a limit, and why; `too_noisy` where its speed is not known well enough to tell."""

    passed: bool
    reason: str
    too_noisy: bool = False


class Judge:
    """Compares variants with the budget and with each other; each verdict gives its reason with the figures.

    Args:
        variants: evaluated and timed, the baseline first, each after its parent.
    """

    def __init__(self, budget: Budget, variants: Sequence[Variant]) -> None:
        self._budget = budget
        self._variants = {variant.name: variant for variant in variants}
        self._baseline = variants[0]

    def verdict(self, variant: Variant) -> Gate:
        """The gate of a variant.

        Where the baseline reads nothing, nothing passes: that could not have failed. Every stage must make the model
        faster than its parent; `min_speedup` applies to the INT8 student.
        """
        if variant.parent is None:
            return Gate(status="baseline", reason="the others are compared with it")
        parent = self._variants[variant.parent]
        if variant.stage == "export":
            return self._export(variant, parent)
        checks = self._accuracy(variant)
        if variant.stage == "build-engine":
            checks.append(self._rise(variant, parent, self._budget.max_error_rise_over_parent))
            checks.append(self._speed_on_gpu(variant))
        elif variant.stage == "quantize":
            checks.append(self._rise(variant, parent, self._budget.max_error_rise_over_parent))
            checks.append(self._speed(variant, parent, 1.0))
            checks.append(self._speed_over_baseline(variant, self._budget.min_speedup))
        else:
            checks.append(self._speed_over_baseline(variant, 1.0))
        gate = _gate(checks)
        if gate.status == "passed" and (unproven := _evaluation(self._baseline).unproven):
            return Gate(status="unproven", reason=f"{self._baseline.name} {unproven}")
        return gate

    def _export(self, variant: Variant, parent: Variant) -> Gate:
        """An export reads what its parent reads, except for ties that rounding decides (1 image in 1,000)."""
        agreement = text_agreement(_evaluation(variant), _evaluation(parent))
        count = len(_evaluation(variant).predictions)
        reason = (
            f"same answer as {parent.name} on {agreement:.2%} of {count:,} images (at least {100 * _SAME_TEXT:g} %)"
        )
        return Gate(status="baseline" if agreement >= _SAME_TEXT else "rejected", reason=reason)

    def _accuracy(self, variant: Variant) -> list[_Check]:
        checks = []
        if self._budget.max_error is not None:
            error = primary_error(_evaluation(variant).accuracy)
            limit = self._budget.max_error
            checks.append(_Check(error <= limit, f"error {error:.2%} (at most {limit:.2%})"))
        if self._budget.max_error_rise is not None:
            checks.append(self._rise(variant, self._baseline, self._budget.max_error_rise))
        return checks

    def _rise(self, variant: Variant, parent: Variant, limit: float) -> _Check:
        rise = error_rise(_evaluation(variant), _evaluation(parent))
        interval = f"{100 * rise.delta:+.2f} points [{100 * rise.low:+.2f}, {100 * rise.high:+.2f}]"
        return _Check(rise.high <= limit, f"error {interval} against {parent.name} (at most {100 * limit:+.2f})")

    def _speed_over_baseline(self, variant: Variant, least: float) -> _Check:
        """Against the baseline variant of the same runtime, as the report's speed-ups are."""
        baselines = [other for other in self._variants.values() if other.is_baseline]
        return self._speed(variant, comparable_baseline(variant, baselines) or self._baseline, least)

    def _speed(self, variant: Variant, other: Variant, least: float) -> _Check:
        try:
            speedup = speed_ratio(variant, other)
        except InputError as error:
            return _Check(False, error.what)
        return _speed_check(variant, speedup, f"the speed of {other.name} (at least {least:g}×)", least)

    def _speed_on_gpu(self, variant: Variant) -> _Check:
        """As fast as the fastest that ran on the GPU before it, in any runtime; no ratio to what ran on a CPU."""
        row = reference_latency(variant)
        if row is None:
            return _Check(False, f"{variant.name} was not timed with 1 threads and batch 1.")
        names = list(self._variants)
        earlier = [self._variants[name] for name in names[: names.index(variant.name)]]
        rows = [(other.name, reference_latency(other)) for other in earlier]
        rivals = [(latency_ratio(row, other), name) for name, other in rows if other is not None and other.on_gpu]
        if not rivals:
            return _Check(True, f"{milliseconds(row.p50_ms)} on the GPU")
        speedup, name = min(rivals, key=lambda rival: rival[0].ratio)
        return _speed_check(variant, speedup, f"the speed of {name} on the GPU (at least 1×)", 1.0)


def _speed_check(variant: Variant, speedup: Speedup, relation: str, least: float) -> _Check:
    told = f"{speedup.ratio:.1f}× {relation}"
    reached = speedup.reaches(least)
    if reached is not None:
        return _Check(reached, told)
    row = reference_latency(variant)
    interrupted = row.undisturbed.interrupted if row and row.undisturbed else None
    why = disturbance(interrupted, speedup.spread).rstrip(".")
    known = " ".join(part for part in (f"{told}, {speedup_interval(speedup)}.", why) if part)
    return _Check(False, f"too noisy to tell: {known}", too_noisy=True)


def _evaluation(variant: Variant) -> Evaluation:
    assert variant.evaluation is not None  # only variants that ran are judged
    return variant.evaluation


def _gate(checks: Sequence[_Check]) -> Gate:
    if failed := [check.reason for check in checks if not check.passed]:
        too_noisy = all(check.passed or check.too_noisy for check in checks)
        return Gate(status="rejected", reason="; ".join(failed), too_noisy=too_noisy)
    return Gate(status="passed", reason="; ".join(check.reason for check in checks))
