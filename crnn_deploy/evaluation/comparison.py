"""Two evaluations on the same images: is one model better, and do they read the same text?"""

from __future__ import annotations

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import difference_interval
from crnn_deploy.evaluation.metrics import Ratio, exact_matches
from crnn_deploy.evaluation.result import Evaluation


class Difference(Frozen):
    """candidate - parent in one figure, as a fraction, with its 95 % interval."""

    figure: str
    delta: float
    low: float
    high: float


def paired_difference(
    candidate: Evaluation, parent: Evaluation, figure: str = "cer_ci", resamples: int = 1000, seed: int = 0
) -> Difference:
    """How much the candidate's figure lies above its parent's, with a paired bootstrap over their images.

    Raises:
        InputError: if the two were not evaluated on the same images, or the figure doesn't apply to them.
    """
    _check_same_items(candidate, parent)
    ours, theirs = _ratio(candidate, figure), _ratio(parent, figure)
    low, high = difference_interval(ours, theirs, resamples, seed)
    return Difference(figure=figure, delta=ours.value - theirs.value, low=low, high=high)


def text_agreement(a: Evaluation, b: Evaluation) -> float:
    """Share of images on which both models say exactly the same, right or wrong.

    Raises:
        InputError: if the two were not evaluated on the same images.
    """
    _check_same_items(a, b)
    return exact_matches([p.text for p in a.predictions], [p.text for p in b.predictions]).value


def _ratio(evaluation: Evaluation, figure: str) -> Ratio:
    ratios = evaluation.ratios()
    if figure not in ratios:
        raise InputError(
            f"There is no figure '{figure}' for {evaluation.dataset.name}.", fix=f"Choose one of {', '.join(ratios)}."
        )
    return ratios[figure]


def _check_same_items(a: Evaluation, b: Evaluation) -> None:
    ours, theirs = ([(p.item, p.reference) for p in evaluation.predictions] for evaluation in (a, b))
    if ours == theirs:
        return
    differing = next((x[0] for x, y in zip(ours, theirs, strict=False) if x != y), "the number of images")
    raise InputError(
        f"{a.artifact} and {b.artifact} were not evaluated on the same images.",
        f"{len(ours)} images of {a.dataset.name} against {len(theirs)} of {b.dataset.name}; they first differ in "
        f"{differing}. Other data, another limit or another set of skipped images does this.",
        "Evaluate both on the same data with the same options.",
    )
