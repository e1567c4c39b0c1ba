"""Transparent pictures lie on the paper on which their strokes are seen."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.paper import on_paper


def drawing(colour: tuple[int, int, int], opacity: np.ndarray) -> Image.Image:
    pixels = np.empty((*opacity.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = colour, opacity
    return Image.fromarray(pixels)


def strokes(share: float = 0.3) -> np.ndarray:
    """Opacity of some vertical strokes."""
    opacity = np.zeros((20, 100), np.uint8)
    opacity[5:15, : round(share * 100)] = 255
    return opacity


def paper(image: Image.Image) -> int:
    """The grey of the paper, where the last pixel is transparent."""
    return int(np.asarray(on_paper(image))[-1, -1, 0])


@pytest.mark.parametrize("colour", [(255, 255, 255), (200, 200, 200), (255, 255, 0)])
def test_light_strokes_lie_on_black(colour: tuple[int, int, int]) -> None:
    assert paper(drawing(colour, strokes())) == 0
    assert paper(drawing(colour, strokes(0.9))) == 0


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 0), (90, 90, 90), (150, 150, 150)])
def test_dark_strokes_lie_on_white(colour: tuple[int, int, int]) -> None:
    assert paper(drawing(colour, strokes())) == 255


def test_strokes_are_seen_where_opacity_alone_draws_them() -> None:
    opacity = np.full((20, 100), 36, np.uint8)
    opacity[5:15, 10:40] = 245
    assert np.ptp(np.asarray(on_paper(drawing((255, 255, 255), opacity)))) > 150
    assert np.ptp(np.asarray(on_paper(drawing((0, 0, 0), opacity)))) > 150


def test_a_page_that_was_cut_out_lies_on_white() -> None:
    page = np.full((20, 100, 4), 240, np.uint8)
    page[8:12, 10:60, :3] = 20
    page[..., 3] = 255
    page[:, -5:, 3] = 0
    assert paper(Image.fromarray(page)) == 255


@pytest.mark.parametrize("opacity", [0, 128])
def test_the_same_opacity_everywhere_lies_on_white(opacity: int) -> None:
    across = np.linspace(100, 255, 100, dtype=np.uint8)
    pixels = np.stack([*[np.tile(across, (20, 1))] * 3, np.full((20, 100), opacity, np.uint8)], axis=2)
    found = np.asarray(on_paper(Image.fromarray(pixels)), int)
    assert (found[..., 0] >= np.tile(across, (20, 1))).all()


def test_an_opaque_picture_stays_as_it_is() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 30, 3), np.uint8))
    assert on_paper(image.convert("RGBA")).tobytes() == image.tobytes()


@pytest.mark.parametrize(("grey", "behind"), [(169, 255), (170, 255), (171, 0)])
def test_strokes_that_keep_half_of_their_contrast_lie_on_white(grey: int, behind: int) -> None:
    opacity = np.zeros((20, 100), np.uint8)
    opacity[5:15] = 255  # half of it: the deviations are exact
    assert paper(drawing((grey,) * 3, opacity)) == behind


def page_with(text: int, width: int = 100) -> Image.Image:
    """A light page of 2000 pixels, of which `text` are dark, as wide as so many of its 100 columns."""
    page = np.full((20, 100, 4), 240, np.uint8)
    page.reshape(-1, 4)[(np.arange(text) // width) * 100 + np.arange(text) % width, :3] = 120
    page[..., 3] = 0
    page[:, :width, 3] = 255
    return Image.fromarray(page)


@pytest.mark.parametrize(("share", "behind"), [(0.04, 0), (0.06, 255)])
def test_a_page_is_known_by_its_dark_text(share: float, behind: int) -> None:
    assert paper(page_with(round(1800 * share), 90)) == behind


@pytest.mark.parametrize(("width", "behind"), [(49, 0), (50, 255)])
def test_a_page_covers_half_of_the_picture(width: int, behind: int) -> None:
    assert paper(page_with(2 * width, width)) == behind


def test_strokes_of_one_pixel_are_seen() -> None:
    opacity = np.zeros((20, 100), np.uint8)
    opacity[5::6] = opacity[:, 1::6] = 255
    assert paper(drawing((255, 255, 255), opacity)) == 0
    assert paper(drawing((0, 0, 0), opacity)) == 255
