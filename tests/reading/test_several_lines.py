"""Pages and pairs of lines are told from single lines."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.reading.several_lines import is_several_lines

FONT = ImageFont.load_default(36)


def printed(text: str) -> Image.Image:
    """Black print on white, cropped with a small margin."""
    wide = Image.new("L", (1200, 200), 255)
    ImageDraw.Draw(wide).text((20, 20), text, font=FONT, fill=0)
    left, top, right, bottom = ImageOps.invert(wide).getbbox()
    return wide.crop((left - 4, top - 4, right + 4, bottom + 4))


def on_dark(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image)


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image) * 0.6 + 40
    return Image.fromarray((pixels + np.random.default_rng(0).normal(0, 6, pixels.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("change", [Image.Image.copy, on_dark, noisy])
@pytest.mark.parametrize("text", ["first line\nsecond line", "Total\n12.00 EUR", "one line\nand two\nand three"])
def test_lines_below_each_other_are_several(text: str, change) -> None:
    assert is_several_lines(change(printed(text)))


def test_whole_lines_at_both_edges_are_several() -> None:
    both = printed("first line\nother words").crop((4, 4, 150, 80))
    left, top, right, bottom = ImageOps.invert(both).getbbox()
    assert is_several_lines(both.crop((left, top, right, bottom)))


def test_a_line_has_three_rows_at_least() -> None:
    def pair(rows: int) -> Image.Image:
        pixels = np.full((4 + 2 * rows + 8, 60), 255, np.uint8)
        for top in (4, 8 + rows):
            pixels[top : top + rows] = np.random.default_rng(top).integers(0, 2, (rows, 60)) * 255
        return Image.fromarray(pixels)

    assert is_several_lines(pair(3))
    assert not is_several_lines(pair(2))


def test_a_line_may_fade_out_towards_its_edges() -> None:
    sharp = np.random.default_rng(0).integers(0, 2, (12, 60)) * 255
    faded = np.random.default_rng(1).integers(0, 2, (12, 60)) * np.minimum(255, 45 * np.r_[1:7, 6:0:-1])[:, np.newaxis]
    blank = np.zeros((8, 60))
    assert is_several_lines(Image.fromarray((255 - np.vstack([blank, sharp, blank, faded, blank])).astype(np.uint8)))


@pytest.mark.parametrize(("wide", "several"), [(12, True), (11, False)])
def test_a_line_is_half_again_as_wide_as_high(wide: int, several: bool) -> None:
    pixels = np.full((32, 60), 255, np.uint8)
    for top, left in ((4, 2), (20, 30)):
        pixels[top : top + 8, left : left + wide] = np.indices((8, wide)).sum(axis=0) % 2 * 255
    assert is_several_lines(Image.fromarray(pixels)) is several


def test_barcodes_are_no_text() -> None:
    bars = np.repeat(np.random.default_rng(0).integers(0, 2, (2, 1, 60)) * 255, 12, axis=1)
    blank = np.full((8, 60), 255)
    stacked = np.vstack([blank, bars[0], blank, bars[1], blank]).astype(np.uint8)
    assert not is_several_lines(Image.fromarray(stacked))


def test_a_page_is_several() -> None:
    page = Image.new("L", (2480, 3508), 255)
    draw = ImageDraw.Draw(page)
    for row in range(60):
        words = np.random.default_rng(row).permutation(["the", "quick", "brown", "fox", "jumps", "over", "dogs"])
        draw.text((150, 100 + 55 * row), " ".join(words), font=FONT, fill=0)
    assert is_several_lines(page)


@pytest.mark.parametrize("change", [Image.Image.copy, on_dark, noisy])
@pytest.mark.parametrize(
    "text", ["a line of text", "1", ":", "=======", "= = = =", "::::", "iiiii", "ÄÖÜ ÉÈÊ", "%", "....", "?!", "-"]
)
def test_a_line_is_one_whatever_it_holds(text: str, change) -> None:
    assert not is_several_lines(change(printed(text)))


def test_a_rule_below_a_line_is_no_line() -> None:
    line = printed("a line of text")
    ruled = ImageOps.expand(line, border=(0, 0, 0, 20), fill=255)
    ImageDraw.Draw(ruled).line((0, line.height + 10, ruled.width, line.height + 10), fill=0, width=3)
    assert not is_several_lines(ruled)


@pytest.mark.parametrize("text", ["a line of text", "071234", "A LINE"])
def test_what_is_left_of_the_neighbours_is_no_line(text: str) -> None:
    line, neighbour = printed(text), printed(text[::-1] + " and more")
    three = Image.new("L", (line.width, 3 * line.height + 12), 255)
    for position, each in enumerate((neighbour, line, neighbour)):
        three.paste(each, (0, position * (line.height + 6)))
    assert is_several_lines(three)
    assert not is_several_lines(three.crop((0, line.height * 5 // 8, line.width, three.height - line.height * 5 // 8)))


def test_shades_of_the_paper_are_no_lines() -> None:
    line = np.asarray(ImageOps.expand(printed("a line of text"), border=(0, 20), fill=255), np.float64)
    shade = np.linspace(0, 1, line.shape[1])
    line[:15] -= 45 * shade
    line[-12:] -= 45 * shade[::-1]
    assert not is_several_lines(Image.fromarray(line.clip(0, 255).astype(np.uint8)))


def test_rules_alone_are_no_lines() -> None:
    rules = Image.new("L", (300, 40), 255)
    draw = ImageDraw.Draw(rules)
    draw.rectangle((10, 8, 200, 9), fill=0)
    draw.rectangle((90, 30, 290, 31), fill=0)
    assert not is_several_lines(rules)


@pytest.mark.parametrize("size", [(1, 1), (300, 3), (1, 300), (60, 30)])
def test_a_picture_of_one_grey_is_no_page(size: tuple[int, int]) -> None:
    assert not is_several_lines(Image.new("L", size, 128))


def test_noise_is_no_page() -> None:
    assert not is_several_lines(Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 300), np.uint8)))


def test_real_lines_raise_next_to_no_false_alarms(shared_data) -> None:
    source = open_source(shared_data / "sroie_lines" / "val.tar")
    alarms = [index for index in range(0, len(source), 3) if is_several_lines(source.image(index).convert("L"))]
    assert len(alarms) <= len(source) // 3 / 1000


def drawn(height: int, width: int, *blocks: tuple[int, int, int, int]) -> Image.Image:
    """Blocks of noise in some of their columns, each from its top and left with its height and width, on white."""
    pixels = np.full((height, width), 255, np.uint8)
    for top, left, rows, columns in blocks:
        random = np.random.default_rng(top)
        blank = random.integers(0, 2, (rows, columns)) | random.integers(0, 2, columns)
        pixels[top : top + rows, left : left + columns] = blank * 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("rows", "several"), [(8, True), (7, False)])
def test_a_line_has_two_fifths_of_the_height_of_the_highest(rows: int, several: bool) -> None:
    assert is_several_lines(drawn(60, 60, (4, 2, 20, 56), (40, 2, rows, 56))) is several


@pytest.mark.parametrize(("rows", "several"), [(15, True), (14, False)])
def test_at_the_edge_a_line_has_three_quarters_of_the_height_of_the_highest(rows: int, several: bool) -> None:
    assert is_several_lines(drawn(60, 60, (24, 2, 20, 56), (60 - rows, 2, rows, 56))) is several
    assert is_several_lines(drawn(60, 60, (24, 2, 20, 56), (0, 2, rows, 56))) is several


@pytest.mark.parametrize(("contrast", "several"), [(0.3, True), (0.2, False)])
def test_a_line_has_a_quarter_of_the_ink_of_the_darkest(contrast: float, several: bool) -> None:
    dark, faint = (np.random.default_rng(seed).integers(0, 2, (12, 60)) * 255 for seed in (0, 1))
    blank = np.zeros((8, 60))
    pixels = 255 - np.vstack([blank, dark, blank, contrast * faint, blank])
    assert is_several_lines(Image.fromarray(pixels.astype(np.uint8))) is several


@pytest.mark.parametrize(("contrast", "several"), [(0.8, True), (0.9, False)])
def test_bands_that_hold_the_same_ink_are_halves_of_signs(contrast: float, several: bool) -> None:
    sign = np.random.default_rng(0).integers(0, 2, (12, 60)) * 255
    blank = np.zeros((8, 60))
    pixels = 255 - np.vstack([blank, sign, blank, contrast * sign, blank])
    assert is_several_lines(Image.fromarray(pixels.astype(np.uint8))) is several


@pytest.mark.parametrize(("contrast", "several"), [(0.05, True), (0.15, False)])
def test_rows_between_lines_have_a_tenth_of_their_ink(contrast: float, several: bool) -> None:
    first, second, between = (np.random.default_rng(seed).integers(0, 2, (12, 60)) * 255 for seed in range(3))
    second[:, ::2] = 0
    pixels = 255 - np.vstack([first, contrast * between, second])
    assert is_several_lines(Image.fromarray(pixels.astype(np.uint8))) is several


def test_a_character_below_a_line_is_another_line() -> None:
    assert is_several_lines(drawn(60, 60, (8, 2, 12, 56), (36, 2, 12, 10)))


def test_two_lines_on_a_tall_empty_page_are_several() -> None:
    assert is_several_lines(drawn(400, 60, (40, 2, 12, 56), (200, 2, 12, 56)))


def test_two_words_at_the_side_of_a_very_wide_picture_are_several() -> None:
    """Each is no more than one column of the thumbnail."""
    assert is_several_lines(drawn(60, 6400, (8, 0, 12, 100), (36, 100, 12, 100)))


def test_faint_columns_make_no_character_long() -> None:
    sign, faint = np.zeros((2, 12, 60))
    sign[:, 20:30] = np.random.default_rng(0).integers(0, 2, (12, 10)) * 255
    faint[::2] = 50  # a fifth of the ink, over the whole width
    both = np.where(sign > 0, sign, faint)
    blank = np.zeros((8, 60))
    pixels = 255 - np.vstack([blank, both, blank, np.roll(both, 11, axis=1), blank])
    assert not is_several_lines(Image.fromarray(pixels.astype(np.uint8)))
