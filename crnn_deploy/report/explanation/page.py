"""Explanations as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from crnn_deploy import units
from crnn_deploy.explaining.layout import NOTHING, SPACE, SURE
from crnn_deploy.explaining.result import Explanation, Explanations
from crnn_deploy.report.explanation.figures import (
    ClassFigure,
    LineFigure,
    characters_table,
    class_figure,
    line_figure,
    line_picture,
    unsure,
)
from crnn_deploy.report.html_page import Tile, render_page
from crnn_deploy.report.tables import Table

METHODS = {
    "occlusion": "parts of the image were hidden in its median colour, and the answers compared",
    "gradients": "integrated gradients from an image in its median colour, through Captum",
}


@dataclass(frozen=True)
class Drawn:
    """An explanation with its figure: of a line, or of a class."""

    explanation: Explanation
    line: LineFigure | None = None
    picture: ClassFigure | None = None

    @property
    def characters(self) -> Table:
        return characters_table(self.explanation)

    @property
    def unsure(self) -> str:
        return unsure(self.explanation)


def drawn(explanation: Explanation, picture: Image.Image) -> Drawn:
    """An explanation with its figure, which keeps only what the page shows of the picture."""
    if explanation.choices:
        return Drawn(explanation, picture=class_figure(explanation, picture))
    return Drawn(explanation, line=line_figure(explanation, line_picture(explanation, picture)))


def render_explanations(explanations: Explanations, figures: Sequence[Drawn]) -> str:
    """The page. Raises `InputError` if jinja2 is not installed."""
    name = Path(explanations.artifact).name
    first = figures[0].explanation
    content = {
        "title": f"{name} explained",
        "headline": _headline(explanations, name),
        "tiles": _tiles(explanations),
        "lines": explanations.task == "ctc",
        "figures": figures,
        "sure": units.percent(SURE),
        "space": SPACE,
        "nothing": NOTHING,
        "notes": list(explanations.image_notes.sentences()),
        "facts": [
            ("Model", f"{explanations.artifact}, SHA-256 {explanations.sha256}"),
            ("Ran in", explanations.runtime),
            ("Method", f"{first.method}: {METHODS[first.method]}"),
            *([("Left out, as they are broken", ", ".join(explanations.skipped))] if explanations.skipped else []),
        ],
    }
    return render_page("explanation.html.j2", content, {})


def _headline(explanations: Explanations, name: str) -> str:
    count = units.images(len(explanations.explanations))
    if explanations.task == "classify":
        return f"What {name} looked at in {count}"
    return f"Where {name} read each character of {count}"


def _tiles(explanations: Explanations) -> list[Tile]:
    found = explanations.explanations
    if explanations.task == "ctc":
        characters = [c for each in found for c in each.characters]
        doubtful = sum(c.confidence < SURE for c in characters)
        below = f"below {units.percent(SURE)}"
        return [Tile("Characters", f"{len(characters):,}"), Tile("Unsure", f"{doubtful:,}", below)]
    named = [each for each in found if each.region is not None]
    changed = sum(each.if_hidden != each.text for each in named)
    return [Tile("Answer changes", f"{changed} of {len(named)}", "when the framed region is hidden")]
