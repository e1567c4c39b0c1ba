"""The tables of the study: every method compared with labels alone, on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from materials import Material
from methods import LABELS, Precision
from numpy.typing import NDArray
from runs import TEACHER, Record
from side_by_side import table

from crnn_deploy import units
from crnn_deploy.evaluation.bootstrap import PERCENTILES, draw_counts
from crnn_deploy.evaluation.metrics import Ratio

_RESAMPLES = 2000
_NAMES = {
    "cer": "CER",
    "cer_ci": "CER, case-insensitive",
    "word_accuracy": "Lines right",
    "word_accuracy_ci": "Lines right, case-insensitive",
    "top1": "Top-1",
}


def rows_of(material: Material, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The teacher, then each method in each precision with at least one student, as plain data.

    Each figure has its mean over seeds, the value of each seed, and its difference from labels alone. The difference is
    over the seeds that both have, with an interval from a paired bootstrap over seeds and images.
    """
    by_run = {(record.method, record.seed): record for record in records if record.material == material.name}
    rows = []
    if (TEACHER, 0) in by_run:
        rows.append(_row(material, TEACHER, "fp32", {0: by_run[TEACHER, 0]}, {}))
    for method in material.methods:
        own = _by_seed(by_run, method.name)
        if own:
            labels = _by_seed(by_run, LABELS)
            rows += [_row(material, method.name, precision, own, labels) for precision in method.precisions]
    return rows


def as_table(material: Material, rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown of the rows from `rows_of`."""
    columns = ["Method", "Precision", "Seeds"]
    for figure in material.figures:
        columns += [_NAMES[figure], "of each seed", "Change, points", "95 %"]
    return table(columns, [_cells(material, row) for row in rows], 2)


def _by_seed(by_run: Mapping[tuple[str, int], Record], method: str) -> dict[int, Record]:
    return {seed: record for (name, seed), record in sorted(by_run.items()) if name == method}


def _row(
    material: Material, method: str, precision: Precision, own: Mapping[int, Record], labels: Mapping[int, Record]
) -> dict[str, Any]:
    ratios = {seed: record.evaluations[precision].ratios() for seed, record in own.items()}
    # Methods are compared in the same precision, so that the rise of the error by INT8 is not counted.
    plain = {seed: labels[seed].evaluations[precision].ratios() for seed in own if seed in labels}
    figures = {}
    for figure in material.figures:
        seeds = {seed: of_seed[figure].value for seed, of_seed in ratios.items()}
        change = None
        if plain and method != LABELS:
            change = _change([ratios[seed][figure] for seed in plain], [plain[seed][figure] for seed in plain])
        figures[figure] = {"mean": float(np.mean(list(seeds.values()))), "seeds": seeds, "change": change}
    seconds = float(np.mean([record.seconds for record in own.values()]))
    return {"method": method, "precision": precision, "seconds": seconds, "figures": figures}


def _change(candidates: Sequence[Ratio], parents: Sequence[Ratio]) -> dict[str, float]:
    """Difference of two figures over all seeds, with its 95 % interval.

    Each resample draws seeds, which both methods have in common, and images, which all seeds have in common.
    """
    pairs = zip(candidates, parents, strict=True)
    counts = np.array([[c.counted, c.possible, p.counted, p.possible] for c, p in pairs])  # [seeds, 4, images]
    images, seeds = np.random.default_rng(0), np.random.default_rng(1)
    sums = [
        draw_counts(seeds, len(counts)) @ (counts @ draw_counts(images, counts.shape[2])) for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile([_difference(each) for each in sums], PERCENTILES)
    return {"delta": _difference(counts.sum(axis=(0, 2))), "low": float(low), "high": float(high)}


def _difference(sums: NDArray[np.float64]) -> float:
    """Difference of two ratios, from their numerators and denominators."""
    counted, possible, counted_by_parent, possible_for_parent = sums
    return float(counted / possible - counted_by_parent / possible_for_parent)


def _cells(material: Material, row: Mapping[str, Any]) -> list[str]:
    first = row["figures"][material.figures[0]]
    cells = [
        row["method"],
        row["precision"].upper(),
        units.MISSING if row["method"] == TEACHER else str(len(first["seeds"])),
    ]
    for figure in material.figures:
        values = row["figures"][figure]
        change = values["change"]
        cells += [units.percent(values["mean"]), " / ".join(f"{100 * v:.1f}" for v in values["seeds"].values())]
        if change is None:
            cells += [units.MISSING, units.MISSING]
        else:
            cells += [
                units.points(change["delta"]),
                f"{units.points(change['low'])} … {units.points(change['high'])}",
            ]
    return cells
