"""Figures as ratios of per-image counts, so that the bootstrap can resample images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist


@dataclass(frozen=True)
class Ratio:
    """One figure over a data set: sum of `counted` / sum of `possible`; each is `[N]`, one number per image."""

    counted: NDArray[np.float64]
    possible: NDArray[np.float64]

    @property
    def value(self) -> float:
        return float(divide(self.counted.sum(), self.possible.sum()))


def text_ratios(references: Sequence[str], texts: Sequence[str]) -> dict[str, Ratio]:
    """Character error rate and word accuracy of lines, raw and case-insensitive (`_ci`).

    CER is the sum of Levenshtein distances over the sum of reference lengths, so it may exceed 1. Word accuracy is the
    share of lines that are right as a whole. Case-insensitive means that both sides are case-folded.
    """
    folded = [text.casefold() for text in references], [text.casefold() for text in texts]
    return {
        "cer": _character_errors(references, texts),
        "cer_ci": _character_errors(*folded),
        "word_accuracy": exact_matches(references, texts),
        "word_accuracy_ci": exact_matches(*folded),
    }


def class_ratios(
    references: Sequence[str], names: Sequence[str], ranked: Sequence[Sequence[str]] = ()
) -> dict[str, Ratio]:
    """Top-1 accuracy of a classifier, and its top-5 accuracy where the best five classes are known.

    Args:
        references: names of the true classes.
        names: names of the predicted classes.
        ranked: names of the five most probable classes of each image; empty for classifiers of five classes or fewer.
    """
    figures = {"top1": exact_matches(references, names)}
    if ranked:
        figures["top5"] = _share([true in best for true, best in zip(references, ranked, strict=True)])
    return figures


def exact_matches(references: Sequence[str], texts: Sequence[str]) -> Ratio:
    """Share of pairs that are equal."""
    return _share([reference == text for reference, text in zip(references, texts, strict=True)])


def _share(right: Sequence[bool]) -> Ratio:
    return Ratio(np.array(right, np.float64), np.ones(len(right)))


def divide(counted: NDArray[np.float64], possible: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratio of sums; a sum of 0, as of a resample with only empty references, counts as 1."""
    return counted / np.maximum(possible, 1)


def distances(references: Sequence[str], texts: Sequence[str]) -> NDArray[np.int64]:
    """Levenshtein distance of each pair, `[N]`."""
    found: NDArray[np.int64] = cpdist(references, texts, scorer=Levenshtein.distance, dtype=np.int64)
    return found


def _character_errors(references: Sequence[str], texts: Sequence[str]) -> Ratio:
    lengths = np.array([len(text) for text in references], np.float64)
    return Ratio(distances(references, texts).astype(np.float64), lengths)
