"""Does hiding what `explain` names change the answer more often than hiding something else of the same size?

Of random images of a source, the region that matters most to the class, or to some random characters of each line, is
hidden in the network's input, and so is a random one of the same size: anywhere in the picture, and where there is at
least half as much to see (standard deviation of the pixels). Hidden means painted in the median colour, as the
explanation by occlusion does it, and in the mean colour, which it has not tried. A character changes if it is missing
or another one in the text that is read then, by the edits of CER; spaces are left out. The interval is a bootstrap
over images.

    python benchmarks/explain_deletion.py mnist.safetensors mnist.int8.onnx --data t10k-images-idx3-ubyte.gz
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from crnn_deploy.artifact import open_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.evaluation.bootstrap import difference_interval, intervals
from crnn_deploy.evaluation.metrics import Ratio
from crnn_deploy.explaining.answers import Answer, changed
from crnn_deploy.explaining.explainer import Explainer, open_explainer
from crnn_deploy.explaining.hiding import surroundings
from crnn_deploy.explaining.occlusion import run_hidden
from crnn_deploy.progress import Progress
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.seen import Box, Seen
from crnn_deploy.reading.viewing import look_at
from crnn_deploy.units import interval, percent

BOXES = ("named", "random", "random with as much to see")
COLOURS = ("median", "mean")
RESAMPLES = 1000


@dataclass
class Counts:
    """Answers that changed, and all, image by image."""

    changed: dict[tuple[str, str], list[int]] = field(
        default_factory=lambda: {(box, colour): [] for box in BOXES for colour in COLOURS}
    )
    answers: list[int] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    """Of lines: between the centres of the named columns and of the frames, in heights of the line."""

    def ratio(self, box: str, colour: str) -> Ratio:
        return Ratio(np.array(self.changed[box, colour], np.float64), np.array(self.answers, np.float64))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", required=True, help="images; labels are not used")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--characters", type=int, default=4, help="of each line")
    parser.add_argument("--method", nargs="+", default=["occlusion"], choices=["occlusion", "gradients"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    source = sample(open_source(options.data, needs_labels=False), options.images, options.seed)
    rows = []
    with RichProgress() as progress:
        for model in options.models:
            for method in options.method:
                if method == "gradients" and model.suffix != ".safetensors":
                    continue
                explainer = open_explainer(open_artifact(model), method, options.threads)
                counts = count(explainer, source, options.characters, options.seed, progress)
                rows += figures(counts, f"{model.name}, {method}", options.seed)
    Console(width=200).print(markdown(rows), markup=False, highlight=False)
    print(json.dumps(rows, indent=1), file=sys.stderr)
    return 0


def count(explainer: Explainer, source: Source, most: int, seed: int, progress: Progress) -> Counts:
    """The deletion test of one model and method."""
    rng = np.random.default_rng(seed)
    counts = Counts()
    notes = NoteTaker()
    for index in progress.track(range(len(source)), explainer.method, len(source)):
        look = look_at(explainer.session, source.image(index), title(source, index), notes)
        found: dict[tuple[str, str], int] = dict.fromkeys(counts.changed, 0)
        answers = 0
        for seen in look.pieces:
            answers += count_in(explainer, seen, most, rng, found, counts.distances)
        for key, number in found.items():
            counts.changed[key].append(number)
        counts.answers.append(answers)
    return counts


def count_in(
    explainer: Explainer,
    seen: Seen,
    most: int,
    rng: np.random.Generator,
    found: dict[tuple[str, str], int],
    distances: list[float],
) -> int:
    """Add the changed answers of one input to `found`; returns how many answers were tried."""
    all_answers = explainer.answers(seen)
    eligible = [n for n, answer in enumerate(all_answers) if answer.text.strip()]
    chosen = sorted(rng.permutation(eligible)[:most].tolist())
    if not chosen:
        return 0
    answers = [all_answers[n] for n in chosen]
    regions = explainer.regions(seen, explainer.saliency(seen, answers))
    tried = [(n, answer, region) for n, answer, region in zip(chosen, answers, regions, strict=True) if region]
    boxes = [box for _, _, region in tried for box in (region, *random_boxes(seen, region, rng))]
    for colour in COLOURS:
        values = surroundings(seen) if colour == "median" else mean_colour(seen)
        outputs = [o for _, some in run_hidden(explainer.session, seen, boxes, values) for o in some]
        for position, output in enumerate(outputs):
            number = tried[position // len(BOXES)][0]
            found[BOXES[position % len(BOXES)], colour] += is_changed(explainer, seen, all_answers, number, output)
    if seen.output.ndim == 2:
        scale = seen.pixels.shape[2] / len(seen.output)
        distances += [
            abs((box.left + box.right) / 2 - (a.first + a.end) / 2 * scale) / seen.pixels.shape[1]
            for _, a, box in tried
        ]
    return len(answers)


def random_boxes(seen: Seen, region: Box, rng: np.random.Generator) -> tuple[Box, Box]:
    """Boxes of the size of `region`: any one, and one with at least half of its contrast."""
    area = seen.area
    height, width = region.bottom - region.top, region.right - region.left
    boxes = [
        Box(top, top + height, left, left + width)
        for top in range(area.top, area.bottom - height + 1)
        for left in range(area.left, area.right - width + 1)
    ]
    least = contrast(seen, region) / 2
    inked = [box for box in boxes if contrast(seen, box) >= least]
    return boxes[rng.integers(len(boxes))], inked[rng.integers(len(inked))]


def contrast(seen: Seen, box: Box) -> float:
    return float(seen.pixels[:, box.top : box.bottom, box.left : box.right].std())


def mean_colour(seen: Seen) -> NDArray[np.float32]:
    area = seen.area
    part = seen.pixels[:, area.top : area.bottom, area.left : area.right]
    return np.asarray(part.mean(axis=(1, 2)), np.float32)


def is_changed(
    explainer: Explainer, seen: Seen, answers: Sequence[Answer], number: int, output: NDArray[np.float32]
) -> bool:
    """Whether one of the answers is another one in a new output of the same input."""
    if seen.output.ndim == 1:
        return int(output.argmax()) != int(seen.output.argmax())
    before = "".join(answer.text for answer in answers)
    kept = seen.with_output(output, seen.frames)
    after = "".join(answer.text for answer in explainer.answers(kept))
    start = sum(len(answer.text) for answer in answers[:number])
    return any(list(changed(before, after))[start : start + len(answers[number].text)])


def figures(counts: Counts, name: str, seed: int) -> list[dict[str, Any]]:
    """A row for each colour, of shares with their 95 % intervals."""
    rows = []
    for colour in COLOURS:
        ratios = {box: counts.ratio(box, colour) for box in BOXES}
        bounds = intervals(ratios, RESAMPLES, seed)
        row: dict[str, Any] = {"model": name, "colour": colour, "answers": int(sum(counts.answers))}
        row |= {box: (ratio.value, *bounds[box]) for box, ratio in ratios.items()}
        row["difference"] = difference_interval(ratios["named"], ratios[BOXES[2]], RESAMPLES, seed)
        if counts.distances:
            row["distance"] = np.percentile(counts.distances, (50, 90)).round(2).tolist()
        rows.append(row)
    return rows


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table in per cent."""
    heads = ("model, method", "hidden in", "answers", *(f"{box}, changed" for box in BOXES), "named − the last, points")
    lines = [heads, tuple("---" if n < 2 else "--:" for n in range(len(heads)))]
    for row in rows:
        shares = [f"{percent(row[box][0])} ({interval(row[box][1:])})" for box in BOXES]
        lines.append((row["model"], row["colour"], f"{row['answers']:,}", *shares, interval(row["difference"])))
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if "distance" in rows[0]:
        parts = (f"{row['model']}: {row['distance'][0]}, {row['distance'][1]}" for row in rows[:: len(COLOURS)])
        text += f"\n\nFrom the named columns to the frames, in heights (median, 90th percentile): {'; '.join(parts)}"
    return text


if __name__ == "__main__":
    sys.exit(main())
