"""What is hidden: windows that cover each pixel as often, in the colour of what lies around."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.explaining.hiding import best_window, hidden, surroundings, window_size, windows
from crnn_deploy.reading.seen import Box, Seen

AREA = Box(0, 12, 3, 33)


def test_windows_hide_each_pixel_of_the_area_as_often_and_none_beside_it() -> None:
    size = window_size(AREA, is_line=False)
    counts = np.zeros((12, 40), int)
    for box in windows(AREA, size):
        counts[box.top : box.bottom, box.left : box.right] += 1
    assert set(counts[:, :3].ravel()) | set(counts[:, 33:].ravel()) == {0}
    inside = counts[:, 3:33]
    assert inside.min() >= 0.5 * inside.max()


@pytest.mark.parametrize("area", [Box(0, 1, 0, 1), Box(0, 1, 0, 50), Box(0, 32, 0, 2)])
@pytest.mark.parametrize("is_line", [True, False])
def test_tiny_areas_have_windows_too(area: Box, is_line: bool) -> None:
    size = window_size(area, is_line)
    boxes = windows(area, size)
    assert boxes
    assert all(box.top < box.bottom and box.left < box.right for box in boxes)


def test_what_is_hidden_has_the_median_colour_of_the_picture_alone() -> None:
    pixels = np.full((2, 12, 40), 9, np.float32)  # the padding is of another colour
    pixels[0, :, 3:33], pixels[1, :, 3:33] = 1, 2
    pixels[0, :4, 3:10] = 5
    seen = Seen(pixels=pixels, area=AREA, first=-3, output=np.zeros(2, np.float32))
    assert surroundings(seen).tolist() == [1, 2]
    (copy,) = hidden(seen, [Box(0, 4, 3, 10)], surroundings(seen))
    assert (copy[0, :4, 3:10] == 1).all()
    assert pixels[0, 0, 3] == 5


def test_the_best_window_is_inside_and_zeros_have_none() -> None:
    saliency = np.zeros((12, 40), np.float32)
    saliency[5:8, 1:3] = 100  # beside the area
    assert best_window(saliency, AREA, (3, 4)) is None
    saliency[6:9, 20:24] = 1
    assert best_window(saliency, AREA, (3, 4)) == Box(6, 9, 20, 24)
    assert best_window(saliency[6:7], AREA, (12, 4)) == Box(0, 12, 20, 24)
