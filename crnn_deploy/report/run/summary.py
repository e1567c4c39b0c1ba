"""Comparisons of the figures: ratios to the baseline, speed-ups, and the headline."""

from __future__ import annotations

from dataclasses import dataclass

from crnn_deploy import units
from crnn_deploy.benchmark.speedup import comparable_baseline, reference_latency, speed_ratio
from crnn_deploy.benchmark.wording import disturbance_of
from crnn_deploy.evaluation.primary_error import ERROR_LABELS, ERROR_NAMES, primary_figure
from crnn_deploy.report.run.report import Comparison, Report
from crnn_deploy.report.run.variant import Variant


@dataclass(frozen=True)
class Metric:
    """An accuracy figure of the report."""

    key: str
    label: str
    phrase: str
    lower_is_better: bool

    def of(self, variant: Variant) -> float | None:
        """The figure as a fraction, or None if it was not measured."""
        return None if variant.accuracy is None else getattr(variant.accuracy, self.key)

    def bounds(self, variant: Variant) -> tuple[float, float] | None:
        """Its 95 % bootstrap interval."""
        return None if variant.accuracy is None else variant.accuracy.ci95.get(self.key)


CER = Metric("cer_ci", "CER", "character error rate", lower_is_better=True)
WORDS = Metric("word_accuracy_ci", "Lines right", "share of lines read without an error", lower_is_better=False)
TOP1 = Metric("top1", "Top-1", "top-1 accuracy", lower_is_better=False)
TOP5 = Metric("top5", "Top-5", "top-5 accuracy", lower_is_better=False)

LABELS = {
    **{metric.key: metric.label for metric in (CER, WORDS, TOP1, TOP5)},
    **{ERROR_NAMES[figure]: label for figure, label in ERROR_LABELS.items()},
}


def metrics(report: Report) -> tuple[Metric, ...]:
    """The figures to show, the one that counts first: CER and lines right, or top-1 and top-5 of a classifier."""
    measured = [variant.accuracy for variant in report.variants if variant.accuracy is not None]
    if "top1" not in map(primary_figure, measured):
        return (CER, WORDS)
    return (TOP1, TOP5) if any(accuracy.top5 is not None for accuracy in measured) else (TOP1,)


def error_label(report: Report) -> str:
    """What the error that counts is called: CER, or Top-1 error of a classifier."""
    return ERROR_LABELS["top1" if metrics(report)[0] is TOP1 else "cer_ci"]


def standing(report: Report, variant: Variant) -> str:
    """The state of a variant, which decides its colour: shipped, passed, rejected, unproven or baseline."""
    ships = variant.name == report.shipped.name and variant.gate.status == "passed"
    return "shipped" if ships else variant.gate.status


def ran_on_gpu(variant: Variant) -> bool:
    """Whether its reference latency is that of a GPU."""
    latency = reference_latency(variant)
    return latency is not None and latency.on_gpu


def speed_baseline(report: Report, variant: Variant) -> Variant | None:
    """The baseline variant that `variant` is comparable with in speed, or None."""
    return comparable_baseline(variant, (other for other in report.variants if other.is_baseline))


def speedup(report: Report, variant: Variant) -> float | None:
    """Ratio of undisturbed times to `speed_baseline`, or None if there is none or it is the variant itself."""
    baseline = speed_baseline(report, variant)
    return None if baseline is None or baseline.name == variant.name else speed_ratio(variant, baseline).ratio


def size_ratio(report: Report, variant: Variant) -> float | None:
    """How many times smaller the file is than the baseline's; None for the baseline."""
    return None if variant.name == report.baseline.name else report.baseline.size_bytes / variant.size_bytes


def relation(ratio: float | None, more: str, less: str) -> str:
    """Such as "19× smaller"; empty if there is no ratio, or it is 1.00."""
    return "" if ratio is None or f"{ratio:.2f}" == "1.00" else units.times(ratio, more, less)


def speed_footnote(report: Report) -> str:
    """How the latency column was measured and what each speed-up is a ratio to."""
    pairs: dict[str, str] = {}
    for variant in report.variants:
        baseline, latency = speed_baseline(report, variant), reference_latency(variant)
        if speedup(report, variant) is not None and baseline and latency:
            pairs[latency.runtime] = f"{baseline.name} for {latency.runtime}"
    if not any(reference_latency(variant) for variant in report.variants):
        return ""
    sentences = ["Latency is the median at 1 thread and batch 1, variants interleaved in one run."]
    rows = [row for row in map(reference_latency, report.variants) if row is not None]
    if pairs:
        figures = "of undisturbed times, " if any(row.undisturbed for row in rows) else ""
        sentences.append(f"Speed-ups are {figures}against {', '.join(pairs.values())}.")
    sentences += filter(None, [disturbance_of(rows)])
    if names := [variant.name for variant in report.variants if ran_on_gpu(variant)]:
        sentences.append(f"{' and '.join(names)} ran on the GPU; there is no ratio between GPU and CPU.")
    return " ".join(sentences)


def verdict(comparison: Comparison) -> str:
    """The conclusion from a paired difference: better, worse, or neither."""
    difference = comparison.difference
    if difference.low == difference.high == 0:
        return "identical"
    if difference.low <= 0 <= difference.high:
        return "no clear difference"
    lower_is_better = difference.figure not in (WORDS.key, "word_accuracy", TOP1.key, TOP5.key)
    return "better" if (difference.high < 0) == lower_is_better else "worse"


def called(variant: Variant) -> str:
    """The variant's name inside a sentence."""
    return "the baseline" if variant.name == "baseline" else variant.name


def headline(report: Report) -> str:
    """One sentence with the main figures of the shipped variant against the baseline."""
    shipped, baseline = report.shipped, report.baseline
    if report.unproven:
        return f"Nothing is proved: {called(baseline)} {report.unproven}."
    if shipped.name == baseline.name:
        return _baseline_alone(report)
    size = relation(size_ratio(report, shipped), "smaller", "larger")
    speed = relation(speedup(report, shipped), "faster", "slower")
    claims = " and ".join(claim for claim in (size, speed) if claim)
    sentence = (
        f"{shipped.name} is {claims} than {called(baseline)}"
        if claims
        else f"{shipped.name} replaces {called(baseline)}"
    )
    metric = metrics(report)[0]
    after, before = metric.of(shipped), metric.of(baseline)
    if after is None or before is None:
        return f"{sentence}."
    delta = after - before
    change = f"{abs(100 * delta):.1f} points {'lower' if delta < 0 else 'higher'}"
    values = f"{units.percent(after)} against {units.percent(before)}"
    if change.startswith("0.0"):
        return f"{sentence}, at the same {metric.phrase} ({values})."
    joint = "and" if (delta < 0) == metric.lower_is_better else "but"
    return f"{sentence}, {joint} its {metric.phrase} is {change} ({values})."


def _baseline_alone(report: Report) -> str:
    baseline, metric = report.baseline, metrics(report)[0]
    latency, accuracy = reference_latency(baseline), metric.of(baseline)
    facts = [units.size(baseline.size_bytes)]
    if accuracy is not None:
        facts.append(f"{units.percent(accuracy)} {metric.phrase}")
    if latency is not None:
        facts.append(f"{units.milliseconds(latency.p50_ms)} an image")
    statuses = {variant.gate.status for variant in report.variants}
    why = "No variant passed its gate" if "rejected" in statuses else "The new models could not run here"
    lead = f"{why}; {called(baseline)} stays" if statuses & {"rejected", "unproven"} else baseline.name
    return f"{lead}: {', '.join(facts)}."
