"""Where the parts of an explained line stand in its figure, for pictures and for pages alike."""

from __future__ import annotations

from dataclasses import dataclass

from crnn_deploy.explaining.result import ExplainedCharacter, Explanation

LETTERS, HILLS = 22, 34
"""Height in pixels of the row of letters above the line, and of the hills of saliency below it."""

SURE = 0.8
"""Characters with a smaller probability are marked as unsure."""

SPACE, NOTHING = "␣", "∅"
_WIDEST = 4096

Point = tuple[float, float]


@dataclass(frozen=True)
class Letter:
    """A character above its frames.

    Attributes:
        hill: corners of its saliency below the line, from left to right.
    """

    text: str
    sure: bool
    centre: float
    left: float
    right: float
    hill: tuple[Point, ...]


@dataclass(frozen=True)
class LineLayout:
    """A figure of a line in pixels: letters, the picture with `height` rows, and hills."""

    width: float
    height: float
    letters: tuple[Letter, ...]

    @property
    def whole_height(self) -> float:
        return LETTERS + self.height + HILLS


def line_layout(explanation: Explanation, height: float) -> LineLayout:
    """The layout of a line whose picture is shown with the given height, or lower where it would be too wide."""
    scale = min(height / explanation.height, _WIDEST / explanation.width)
    shown_height = max(1.0, explanation.height * scale)
    floor = LETTERS + shown_height + HILLS
    letters = tuple(
        Letter(
            text=visible_character(character.text),
            sure=character.confidence >= SURE,
            centre=(character.left + character.right) / 2 * scale,
            left=character.left * scale,
            right=character.right * scale,
            hill=_hill(character, scale, floor),
        )
        for character in explanation.characters
    )
    return LineLayout(max(1.0, explanation.width * scale), shown_height, letters)


def visible_character(text: str) -> str:
    """A character that can be seen alone: spaces and the blank have signs."""
    return text.replace(" ", SPACE) if text else NOTHING


def _hill(character: ExplainedCharacter, scale: float, floor: float) -> tuple[Point, ...]:
    """The saliency as a hill on the floor."""
    if not character.saliency:
        return ()
    start, step = character.start * scale, character.step * scale
    top = HILLS - 4
    points = [(start + (i + 0.5) * step, floor - share * top) for i, share in enumerate(character.saliency)]
    return ((max(0.0, start - step / 2), floor), *points, (points[-1][0] + step, floor))
