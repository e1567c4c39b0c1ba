"""Where lines wider than a model takes are cut: at blank columns, into pieces that share some."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.wide_lines import Piece, cut

HEIGHT, STEP = 16, 4
SEEN = Preprocessing(height=HEIGHT, max_width=200, width_multiple=STEP)


def inked(total: int, *blocks: Piece) -> np.ndarray:
    """`[1, H, total]`: noise between the columns of each block, on paper of 1."""
    random = np.random.default_rng(0)
    pixels = np.ones((1, HEIGHT, total), np.float32)
    for begin, end in blocks:
        pixels[0, 3:13, begin:end] = random.uniform(-1, 0.5, (10, end - begin))
    return pixels


def test_a_piece_is_as_long_as_it_can_be_and_the_cut_as_wide() -> None:
    letters = [(begin, begin + 12) for begin in range(0, 400, 16)]
    wider = [block for block in letters if not 160 <= block[0] < 176]  # 2 letters wide, in the last quarter
    shorter = [block for block in wider if not 112 <= block[0] < 144]  # wider still, but before it
    assert [cut(inked(400, *blocks), SEEN)[0] for blocks in (wider, shorter)] == [(0, 168)] * 2


def test_a_piece_is_cut_behind_its_half_where_the_last_quarter_is_full() -> None:
    pixels = inked(400, (0, 70), (90, 138), (142, 230), *[(begin, begin + 12) for begin in range(234, 384, 16)])
    assert cut(pixels, SEEN)[0] == (0, 140)
    assert cut(inked(400, (0, 70), (90, 230), (234, 400)), SEEN) == []


@pytest.mark.parametrize("total", range(204, 300, 16))
def test_the_last_piece_shows_enough_to_be_read(total: int) -> None:
    pieces = cut(inked(total, *[(begin, begin + 12) for begin in range(0, total - 12, 16)]), SEEN)
    assert pieces[-1][1] == total
    assert pieces[-1][1] - pieces[-1][0] >= SEEN.max_width // 4


def test_no_piece_is_narrower_than_lines_are_padded_to() -> None:
    padded = SEEN.model_copy(update={"pad_to": 96})
    pixels = inked(216, *[(begin, begin + 12) for begin in range(0, 204, 16)])
    assert cut(pixels, SEEN)[-1][0] > 216 - 96
    assert cut(pixels, padded)[-1] == (120, 216)


def test_what_the_model_takes_is_one_piece() -> None:
    letters = [(begin, begin + 12) for begin in range(4, 190, 16)]
    assert cut(inked(200, *letters), SEEN) == [(0, 200)]
    assert len(cut(inked(201, *letters), SEEN)) == 2


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("widest", [200, 203])
def test_pieces_begin_and_end_between_letters_and_share_some(seed: int, widest: int) -> None:
    random = np.random.default_rng(seed)
    edges = np.cumsum(random.integers((3, 6), (9, 15), (60, 2)).ravel()).tolist()
    letters = list(zip(edges[::2], edges[1::2], strict=True))
    pieces = cut(inked(edges[-1] + 5, *letters), SEEN.model_copy(update={"max_width": widest}))
    assert (pieces[0][0], pieces[-1][1]) == (0, edges[-1] + 5)
    for (start, end), (begin, _) in pairwise(pieces):
        assert widest // 2 <= end - start <= widest
        assert HEIGHT <= end - begin <= widest // 4 + 2 * STEP  # both are moved to whole steps, away from each other
        inside = [letter for letter in letters if letter[0] < end - STEP and letter[1] > begin + STEP]
        assert inside[0][0] >= begin
        assert inside[-1][1] <= end


def test_without_a_gap_to_begin_in_the_next_piece_begins_where_the_last_was_cut() -> None:
    letters = [(0, 60), (68, 128), (136, 188), (196, 256), (264, 324), (332, 392)]
    assert cut(inked(400, *letters), SEEN) == [(0, 192), (188, 328), (324, 400)]


@pytest.mark.parametrize(("widest", "shared"), [(64, 16), (200, 34), (400, 59)])
def test_blank_pieces_share_up_to_a_quarter(widest: int, shared: int) -> None:
    """In the middle between the height of the line and a quarter, where a quarter is more."""
    pieces = cut(np.ones((1, HEIGHT, 2000), np.float32), SEEN.model_copy(update={"max_width": widest}))
    for (_, end), (begin, _) in list(pairwise(pieces))[:-1]:
        assert shared <= end - begin < shared + 2 * STEP


def test_a_gap_in_the_last_quarter_is_enough_to_begin_in() -> None:
    letters = [(4, 146), (154, 192), (200, 340), (348, 390)]  # cut at 196; 150 lies 46 before it
    assert cut(inked(400, *letters), SEEN)[:2][1][0] == 148


def test_an_empty_line_is_cut_too() -> None:
    pieces = cut(np.ones((1, HEIGHT, 500), np.float32), SEEN)
    assert len(pieces) > 2
    assert pieces[-1][1] == 500


def striped(letters: float, gap: float, least: float = 0.0) -> np.ndarray:
    """`[1, H, 400]`: letters of 12 columns and gaps of 4, of so much ink; every eighth gap has the `least`.

    Rows and columns alternate, so that no row has a colour of its own.
    """
    ink = np.tile(np.repeat([letters, gap], [12, 4]), 25)
    for begin in range(12, 400, 128):
        ink[begin : begin + 4] = least
    signs = np.where(np.add.outer(np.arange(HEIGHT), np.arange(400)) % 2, 1, -1)
    return (ink * signs).astype(np.float32)[None]


@pytest.mark.parametrize("contrast", [0.01, 1, 100])
def test_columns_are_blank_by_their_share_of_the_ink_whatever_the_contrast(contrast: float) -> None:
    for least in (0.0, 0.2):
        fair, faint, black = (least + share * (1 - least) for share in (0.08, 0.12, 0.5))
        pieces = cut(contrast * striped(1, fair, least), SEEN)
        assert [end - start for start, end in pieces[:-1]] != []
        assert cut(contrast * striped(1, fair, least), SEEN) == cut(striped(1, least, least), SEEN)
        assert cut(contrast * striped(1, faint, least), SEEN) == cut(contrast * striped(1, black, least), SEEN)
        assert cut(contrast * striped(1, faint, least), SEEN) != pieces


def test_paper_with_half_of_the_ink_of_letters_is_noise() -> None:
    assert cut(striped(1, 0.3, 0.3), SEEN)
    assert cut(striped(1, 0.4, 0.4), SEEN) == []
