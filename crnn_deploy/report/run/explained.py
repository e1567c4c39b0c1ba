"""Explanations of the worst errors among the example lines of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.explaining.explainer import Explainer, open_explainer
from crnn_deploy.explaining.result import Explanation
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.report.run.report import ExampleLine
from crnn_deploy.report.run.spelling import same
from crnn_deploy.report.run.variant import Variant

MOST = 6


def explain_worst(
    examples: Sequence[ExampleLine], source: Source, variant: Variant, most: int = MOST
) -> tuple[ExampleLine, ...]:
    """The examples, with explanations of those that `variant` reads worst, by occlusion.

    Where the variant can't be explained, as one with a single class, the examples stay as they are: a report never
    fails for them.
    """
    worst = _worst(examples, variant.name, most)
    if not worst:
        return tuple(examples)
    try:
        explainer = open_explainer(variant.artifact())
        vectors = vectors_of(source, explainer.spec.preprocessing)
        names = map(source.item_name, range(len(source)))
        positions = {name: index for index, name in enumerate(names) if name in worst}
        found = {item: _explained(explainer, source, positions[item], vectors) for item in worst}
    except CrnnDeployError:
        return tuple(examples)
    return tuple(
        example.model_copy(update={"explained": variant.name, "explanation": found[example.item]})
        if example.item in found
        else example
        for example in examples
    )


def _explained(explainer: Explainer, source: Source, index: int, vectors: NDArray[np.float32] | None) -> Explanation:
    explanation, _ = explainer.explain(
        source.image(index),
        title(source, index),
        source.item_name(index),
        NoteTaker(),
        vector=None if vectors is None else vectors[index : index + 1],
    )
    return explanation


def _worst(examples: Sequence[ExampleLine], name: str, most: int) -> list[str]:
    """The items that a variant reads wrong, the worst first."""
    texts = {example.item: example.readings[name] for example in examples if name in example.readings}
    references = {example.item: example.reference for example in examples}
    wrong = [item for item in texts if not same(references[item], texts[item])]
    shares = {i: Levenshtein.normalized_distance(references[i].casefold(), texts[i].casefold()) for i in wrong}
    return sorted(wrong, key=lambda item: -shares[item])[:most]
