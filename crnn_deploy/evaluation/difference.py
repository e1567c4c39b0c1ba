"""Two evaluations on the same images: how far apart they are in one figure, and how often they read the same."""

from __future__ import annotations

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import difference_interval
from crnn_deploy.evaluation.metrics import Ratio, exact_matches
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.text_encoding import normalized

RESAMPLES = 1000
"""Resamples of the paired bootstrap, unless a caller chooses others."""


class Difference(Frozen):
    """Candidate minus parent in one figure, a fraction, with its 95 % interval from `low` to `high`."""

    figure: str
    delta: float
    low: float
    high: float


def difference_of(
    figure: str, candidate: Ratio, parent: Ratio, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """The difference in `figure`, by a paired bootstrap over the images of both ratios.

    Args:
        candidate: per-image counts `[N]` of the figure.
        parent: the same of the same images, in the same order.
    """
    low, high = difference_interval(candidate, parent, resamples, seed)
    return Difference(figure=figure, delta=candidate.value - parent.value, low=low, high=high)


def paired_difference(
    candidate: Evaluation, parent: Evaluation, figure: str = "cer_ci", resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """How far the candidate's figure is above its parent's, with a paired bootstrap over their images.

    Raises:
        InputError: if the two were not evaluated on the same images, or the figure doesn't apply to them.
    """
    check_same_images(candidate, parent)
    return difference_of(figure, _ratio(candidate, figure), _ratio(parent, figure), resamples, seed)


def text_agreement(a: Evaluation, b: Evaluation) -> float:
    """Share of images on which both models read exactly the same text or class, right or wrong.

    Raises:
        InputError: if the two were not evaluated on the same images.
    """
    check_same_images(a, b)
    return exact_matches([p.text for p in a.predictions], [p.text for p in b.predictions]).value


def check_same_images(a: Evaluation, b: Evaluation) -> None:
    """Raise `InputError` unless both evaluations have the same images with the same labels, in the same order."""
    ours, theirs = ([(p.item, p.reference) for p in evaluation.predictions] for evaluation in (a, b))
    if ours == theirs or _one_form(ours) == _one_form(theirs):
        return
    differing = next((x[0] for x, y in zip(ours, theirs, strict=False) if x != y), "the number of images")
    raise InputError(
        f"{a.artifact} and {b.artifact} were not evaluated on the same images.",
        f"{len(ours)} images of {a.dataset.name} against {len(theirs)} of {b.dataset.name}; they first differ in "
        f"{differing}. Other data, another limit or another set of skipped images does this.",
        "Evaluate both on the same data with the same options.",
    )


def _one_form(labels: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The labels in one form: models may have different normal forms."""
    return [(item, normalized(reference, "NFKC")) for item, reference in labels]


def _ratio(evaluation: Evaluation, figure: str) -> Ratio:
    ratios = evaluation.ratios()
    if figure not in ratios:
        raise InputError(
            f"There is no figure '{figure}' for {evaluation.dataset.name}.", fix=f"Choose one of {', '.join(ratios)}."
        )
    return ratios[figure]
