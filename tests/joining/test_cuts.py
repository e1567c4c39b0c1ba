"""Where a line can be cut."""

from __future__ import annotations

import numpy as np

from crnn_deploy.joining.cuts import Cut, cuts_of
from crnn_deploy.reading.reading import Character

WIDTH = 10  # of a character, of which the middle 6 columns have ink


def line(text: str, touching: tuple[int, ...] = ()) -> tuple[list[Character], np.ndarray]:
    """Characters beside each other, dark on light; the ink of those in `touching` reaches to the next one."""
    pixels = np.full((8, WIDTH * len(text)), 220, np.uint8)
    for place, character in enumerate(text):
        if character != " ":
            end = WIDTH + 4 if place in touching else 8
            pixels[2:6, place * WIDTH + 2 : place * WIDTH + end] = 30
    return [Character(c, 1.0, i * WIDTH + 3.0, i * WIDTH + 7.0) for i, c in enumerate(text)], pixels


def test_cuts_lie_between_the_characters() -> None:
    assert cuts_of(*line("abc")) == (Cut(1, 1, 10), Cut(2, 2, 20))


def test_a_cut_space_belongs_to_neither_part() -> None:
    (cut,) = cuts_of(*line("a b"))
    assert cut == Cut(1, 2, 15)
    assert cut.at_space
    assert not Cut(1, 1, 10).at_space


def test_characters_that_touch_are_not_cut() -> None:
    assert [cut.before for cut in cuts_of(*line("abc", touching=(0,)))] == [2]


def test_light_print_on_dark_paper() -> None:
    characters, pixels = line("abc")
    assert cuts_of(characters, 255 - pixels) == cuts_of(characters, pixels)


def test_faint_dirt_between_characters_is_no_ink() -> None:
    characters, pixels = line("ab")
    pixels[4, 8:12] = 190
    assert len(cuts_of(characters, pixels)) == 1


def test_spaces_at_the_ends_and_several_spaces() -> None:
    assert [cut.before for cut in cuts_of(*line(" ab "))] == [2]
    assert all(cut.before != 2 or not cut.at_space for cut in cuts_of(*line("a  b")))


def test_lines_without_a_place_to_cut() -> None:
    assert cuts_of(*line("a")) == ()
    assert cuts_of([], np.zeros((8, 8), np.uint8)) == ()
    assert cuts_of([Character("a", 1.0, 5, 5), Character("b", 1.0, 5, 5)], np.zeros((8, 9), np.uint8)) == ()
