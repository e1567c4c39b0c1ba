"""What is read of lines in pieces: their logits are joined without loss or repetition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.reading.wide_lines import Piece, cut, joined, kept_frames, with_margins, without_margins
from crnn_deploy.spec import ModelSpec

HEIGHT, STEP = 16, 4
SEEN = Preprocessing(height=HEIGHT, max_width=200, width_multiple=STEP)
SPEC = ModelSpec(name="x", charset="abcdefgh", preprocessing=SEEN)


def line(letters: str, wide: int = 12, gap: int = 4, seed: int = 0) -> np.ndarray:
    """`[1, H, W]`: a block of noise for each letter, on paper of 1; a space is paper."""
    random = np.random.default_rng(seed)
    pixels = np.ones((1, HEIGHT, len(letters) * (wide + gap)), np.float32)
    for position, letter in enumerate(letters):
        if letter != " ":
            start = position * (wide + gap)
            pixels[0, 3:13, start : start + wide] = random.uniform(-1, 0.5, (10, wide))
    return pixels


def logits_of(letters: str, piece: Piece, pitch: int = 16, wide: int = 12) -> np.ndarray:
    """`[T, K]` that a model of stride 4 gives for a piece: a letter in the middle of each block that is whole."""
    found = np.zeros(((piece[1] - piece[0]) // STEP, 9), np.float32)
    found[:, 0] = 1
    for position, letter in enumerate(letters):
        start = position * pitch
        if letter != " " and piece[0] <= start and start + wide <= piece[1]:
            frame = (start + wide // 2 - piece[0]) // STEP
            found[frame, :] = 0
            found[frame, SPEC.charset.index(letter) + 1] = 1
    return found


def text_of(outputs: Sequence[np.ndarray], pieces: list[Piece], height: int = HEIGHT) -> str:
    """What is read of outputs `[T, K]` of pieces."""
    line = joined(outputs, kept_frames(outputs, pieces, height, 0))
    return greedy_decode(line[np.newaxis], SPEC)[0]


def read(letters: str, pieces: list[Piece]) -> str:
    return text_of([logits_of(letters, piece) for piece in pieces], pieces)


@pytest.mark.parametrize("letters", ["abcdefgh" * 5, "aaaaaaaa" * 5, "aab bbc " * 6, "ab" * 40])
@pytest.mark.parametrize("dark", [False, True])
def test_a_line_in_pieces_reads_as_the_whole_line(letters: str, dark: bool) -> None:
    pixels = line(letters)
    pieces = cut(-pixels if dark else pixels, SEEN)
    assert len(pieces) > 2
    assert read(letters, pieces) == letters.replace(" ", "")


def test_pieces_overlap_fit_the_model_and_cover_the_line() -> None:
    pixels = line("abcdefgh" * 9)
    pieces = cut(pixels, SEEN)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == pixels.shape[2]
    assert all(0 < end - start <= 200 and (end - start) % STEP == 0 for start, end in pieces)
    assert all(begin < end for (_, end), (begin, _) in pairwise(pieces))


def test_noise_and_a_rule_below_the_text_do_not_hide_the_blank_columns() -> None:
    letters = "abcdefgh" * 5
    spaced = " ".join(letters)
    pixels = line(spaced)
    pixels += np.random.default_rng(1).normal(0, 0.03, pixels.shape).astype(np.float32)
    pixels[:, 14] = -1
    assert read(spaced, cut(pixels, SEEN)) == letters


def test_a_line_without_blank_columns_is_not_cut() -> None:
    assert cut(line("a" * 40, wide=16, gap=0), SEEN) == []


def test_a_narrow_model_cuts_between_letters() -> None:
    letters = "abcdefgh" * 3
    pieces = cut(line(letters), SEEN.model_copy(update={"max_width": 64}))
    assert all(end - start <= 64 for start, end in pieces)
    assert read(letters, pieces) == letters


def test_a_model_that_takes_three_steps_is_too_narrow_for_pieces_that_overlap() -> None:
    pixels = line("abcdefgh" * 6, wide=1, gap=2)
    assert cut(pixels, SEEN.model_copy(update={"max_width": 3 * STEP})) == []
    assert len(cut(pixels, SEEN.model_copy(update={"max_width": 4 * STEP}))) > 5


def test_a_letter_that_both_pieces_read_a_frame_apart_is_read_once() -> None:
    pieces = [(0, 100), (60, 160)]
    letters = "abcdefgh  "
    right = logits_of(letters, pieces[1])
    shifted = np.concatenate([right[:1], right[:-1]])
    assert text_of([logits_of(letters, pieces[0]), shifted], pieces) == "abcdefgh"


@pytest.mark.parametrize(("in_left", "in_right"), [(18, 5), (21, 4), (17, 3), (22, 6)])
def test_a_letter_on_either_side_of_the_centre_is_neither_lost_nor_read_twice(in_left: int, in_right: int) -> None:
    pieces = [(0, 100), (60, 160)]  # the centre is at frame 20 of the left piece and 5 of the right one
    both = [np.zeros((25, 9), np.float32) for _ in pieces]
    for logits, letters in zip(both, ({3: 1, in_left: 3}, {in_right: 3, 20: 2}), strict=True):
        logits[:, 0] = 1
        for frame, letter in letters.items():
            logits[frame, letter] = 2
    assert text_of(both, pieces, 2 * HEIGHT) == "acb"


def test_the_seam_lies_behind_the_shared_letter_next_to_the_centre() -> None:
    pieces = [(0, 100), (60, 160)]
    left, right = (np.zeros((25, 9), np.float32) for _ in pieces)
    for logits, letters in ((left, {3: 1, 17: 3, 20: 4}), (right, {2: 3, 4: 7, 5: 4, 20: 2})):  # 7: read by one alone
        logits[:, 0] = 1
        for frame, letter in letters.items():
            logits[frame, letter] = 2
    assert text_of([left, right], pieces) == "acdb"


def test_pieces_that_share_no_letter_are_joined_at_the_centre() -> None:
    pieces = [(0, 100), (60, 160)]
    assert read("ab      gh", pieces) == "abgh"


@pytest.mark.parametrize("widest", [8, 12, 64, 200])
def test_long_blank_parts_end_and_read_as_nothing(widest: int) -> None:
    seen = SEEN.model_copy(update={"max_width": widest})
    for letters in (" " * 60, "ab" + " " * 60 + "gh"):
        pieces = cut(line(letters), seen)
        assert not pieces or pieces[-1][1] == len(letters) * 16
        assert all(first < second for (first, _), (second, _) in pairwise(pieces))


def both_read(left: dict[int, int], right: dict[int, int]) -> str:
    """What is read of two pieces of 25 frames, which share 10, with letters in these frames."""
    both = [np.zeros((25, 9), np.float32) for _ in range(2)]
    for logits, letters in zip(both, (left, right), strict=True):
        logits[:, 0] = 1
        for frame, letter in letters.items():
            logits[frame, letter] = 2
    pieces = [(0, 100), (60, 160)]
    assert joined(both, kept_frames(both, pieces, HEIGHT, 0)).shape == (40, 9)
    return text_of(both, pieces)


def test_the_first_and_the_last_frame_are_kept() -> None:
    assert both_read({0: 1, 18: 3}, {3: 3, 24: 2}) == "acb"


def test_the_same_letter_at_two_places_is_read_twice() -> None:
    assert both_read({3: 1, 16: 3}, {7: 3, 20: 2}) == "accb"


def test_a_place_where_the_pieces_read_different_letters_is_no_seam() -> None:
    assert both_read({3: 1, 17: 3, 20: 4}, {2: 3, 5: 5, 20: 2}) == "aceb"


@pytest.mark.parametrize(("margin", "padding"), [(0, "white"), (6, "white"), (16, "black"), (8, "edge")])
def test_each_piece_has_the_margins_of_a_line_of_its_own(margin: int, padding: str) -> None:
    letters = "abcdefgh" * 5
    seen = SEEN.model_copy(update={"margin": margin, "padding": padding})
    columns = [(0, 0), (0, 0), (margin, margin)]
    paper = {"white": 3, "black": -3}.get(padding, 0)
    edge = padding == "edge"
    padded = np.pad(line(letters), columns, "edge") if edge else np.pad(line(letters), columns, constant_values=paper)
    pieces = cut(without_margins(padded, seen), seen)
    framed = [with_margins(padded, piece, seen) for piece in pieces]
    for (image, (begin, end)), (start, stop) in zip(framed, pieces, strict=True):
        assert image.shape[2] == end - begin == seen.with_padding(stop - start) <= seen.widest
        assert np.array_equal(image[:, :, start - begin : stop - begin], line(letters)[:, :, start:stop])
        assert (start - begin, min(margin, end - stop)) == (margin, margin)
        sides = [image[:, :, : start - begin], image[:, :, stop - begin :]]
        outermost = [image[:, :, start - begin], image[:, :, stop - begin - 1]] if edge else [paper, paper]
        assert all(np.all(np.transpose(value) == side.T) for side, value in zip(sides, outermost, strict=True))
    assert read(letters, [piece for _, piece in framed]) == letters
