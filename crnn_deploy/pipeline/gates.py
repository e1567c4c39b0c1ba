"""Which variants pass: accuracy against the budget, with intervals, and speed against the baseline and the parent."""

from __future__ import annotations

from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.difference import Difference, paired_difference, text_agreement
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.pipeline.recipe import Budget
from crnn_deploy.report.run.model import Gate
from crnn_deploy.units import milliseconds


def figure_of(evaluation: Evaluation) -> str:
    """Name of the figure that counts: `cer_ci` for lines, `top1` for classes."""
    return "cer_ci" if evaluation.accuracy.cer_ci is not None else "top1"


def error_of(evaluation: Evaluation) -> float:
    """Case-insensitive CER, or 1 - top-1."""
    value: float = getattr(evaluation.accuracy, figure_of(evaluation))
    return value if figure_of(evaluation) == "cer_ci" else 1 - value


def rise(candidate: Evaluation, parent: Evaluation) -> Difference:
    """Paired difference in the error, so that positive means worse for lines and classes alike."""
    found = paired_difference(candidate, parent, figure_of(parent))
    if found.figure == "cer_ci":
        return found
    return Difference(figure="error", delta=-found.delta, low=-found.high, high=-found.low)


class Judge:
    """Holds variants against the budget; each verdict gives its reason with the figures.

    Args:
        benchmark: latency by variant name.
        evaluations: accuracy by variant name, the baseline first.
    """

    def __init__(self, budget: Budget, benchmark: Benchmark, evaluations: dict[str, Evaluation]) -> None:
        self.budget = budget
        self.benchmark = benchmark
        self.evaluations = evaluations
        self.baseline = next(iter(evaluations))

    def verdict(self, stage: str, name: str, parent: str | None) -> Gate:
        """The gate of the variant `name` that `stage` made from `parent`.

        Every stage must be faster than what it started from; the whole speed-up is asked of the last one.
        """
        if parent is None:
            return Gate(status="baseline", reason="what the others are held against")
        if stage == "export":
            return self._export(name, parent)
        checks = self._accuracy(name)
        if stage == "build-engine":
            checks.append(self._rise(name, parent, self.budget.max_error_rise_over_parent))
            checks.append(self._speed_on_gpu(name))
        elif stage == "quantize":
            checks.append(self._rise(name, parent, self.budget.max_error_rise_over_parent))
            checks.append(self._speed(name, parent, 1.0))
            checks.append(self._speed(name, self._fast_baseline(), self.budget.min_speedup))
        else:
            checks.append(self._speed(name, self._fast_baseline(), 1.0))
        return _gate(checks)

    def _export(self, name: str, parent: str) -> Gate:
        """An export reads what its parent reads, but for ties that rounding decides (1 image in 1,000)."""
        agreement = text_agreement(self.evaluations[name], self.evaluations[parent])
        count = len(self.evaluations[name].predictions)
        reason = f"same text as {parent} on {agreement:.2%} of {count:,} images (at least 99.9 %)"
        return Gate(status="baseline" if agreement >= 0.999 else "rejected", reason=reason)

    def _fast_baseline(self) -> str:
        """The baseline in ONNX Runtime, where the students run too."""
        onnx = [variant.name for variant in self.benchmark.variants if variant.format == "onnx"]
        return onnx[0]

    def _accuracy(self, name: str) -> list[tuple[bool, str]]:
        checks = []
        if self.budget.max_error is not None:
            error = error_of(self.evaluations[name])
            checks.append((error <= self.budget.max_error, f"error {error:.2%} (at most {self.budget.max_error:.2%})"))
        if self.budget.max_error_rise is not None:
            checks.append(self._rise(name, self.baseline, self.budget.max_error_rise))
        return checks

    def _rise(self, name: str, parent: str, bound: float) -> tuple[bool, str]:
        change = rise(self.evaluations[name], self.evaluations[parent])
        interval = f"{100 * change.delta:+.2f} points [{100 * change.low:+.2f}, {100 * change.high:+.2f}]"
        return change.high <= bound, f"error {interval} against {parent} (at most {100 * bound:+.2f})"

    def _speed(self, name: str, other: str, least: float) -> tuple[bool, str]:
        try:
            ratio = self.benchmark.speedup(name, other)
        except InputError as error:
            return False, error.what
        return ratio >= least, f"{ratio:.1f}× the speed of {other} (at least {least:g}×)"

    def _speed_on_gpu(self, name: str) -> tuple[bool, str]:
        """As fast as the fastest that ran on the GPU before it, in whatever runtime; no ratio to what ran on a CPU."""
        try:
            mine = self.benchmark.latency(name)
        except InputError as error:
            return False, error.what
        names = [variant.name for variant in self.benchmark.variants]
        others = {other: self.benchmark.latency(other) for other in names[: names.index(name)]}
        rivals = [(row.p50_ms, other) for other, row in others.items() if row.device_ms is not None]
        if not rivals:
            return True, f"{milliseconds(mine.p50_ms)} on the GPU"
        fastest, other = min(rivals)
        return mine.p50_ms <= fastest, f"{fastest / mine.p50_ms:.1f}× the speed of {other} on the GPU (at least 1×)"


def _gate(checks: list[tuple[bool, str]]) -> Gate:
    failed = [text for passed, text in checks if not passed]
    if failed:
        return Gate(status="rejected", reason="; ".join(failed))
    return Gate(status="passed", reason="; ".join(text for _, text in checks))
