"""What is left of the error if readings below a confidence are rejected, and left to people."""

from __future__ import annotations

import numpy as np

from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.primary_error import errors_of
from crnn_deploy.evaluation.result import Evaluation

_SHARES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, *(step / 20 for step in range(2, 20)))


class Rejection(Frozen):
    """What happens where readings with a confidence below `threshold` are rejected; all are fractions.

    `rejected` is the share of images, `error` that of the others, and `wrong` the share of the others that have an
    error. `caught` is the share of wrong readings that are rejected; 1 where there are none.
    """

    threshold: float
    rejected: float
    error: float
    wrong: float
    caught: float


def rejections(evaluation: Evaluation) -> list[Rejection]:
    """From none to 95 % of the images rejected; empty where confidences are not known.

    Images of equal confidence are rejected together, so that a threshold does in use what it did here.
    """
    known = evaluation.predictions.confidences()
    if known is None or not len(known):
        return []
    counts = errors_of(evaluation)
    order = np.argsort(known, kind="stable")
    confidences = known[order]
    counted, possible, wrong = counts.counted[order], counts.possible[order], counts.counted[order] > 0
    # Where equal confidences begin: only there a threshold can cut.
    cuts = {int(np.searchsorted(confidences, confidences[int(share * len(known))])) for share in _SHARES}
    return [
        Rejection(
            threshold=float(confidences[cut]) if cut else 0.0,
            rejected=cut / len(known),
            error=float(counted[cut:].sum() / max(possible[cut:].sum(), 1)),
            wrong=float(wrong[cut:].mean()),
            caught=float(wrong[:cut].sum() / wrong.sum()) if wrong.any() else 1.0,
        )
        for cut in sorted(cuts)
    ]
