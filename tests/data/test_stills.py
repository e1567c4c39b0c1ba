"""Clips as inputs of a network: in their order, of one size, and never mistaken for pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.clips import Clips
from crnn_deploy.data.batching import batches
from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.clip import Clip
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT

from .clip_files import grey_stills, write_stills

SEEN = Preprocessing(height=6, width=8, mean=(0.0,), clips=Clips(max_stills=4))
ONE = Preprocessing(height=6, width=8)


def clip_of(*pictures: Image.Image) -> Clip:
    def read(indices: Sequence[int]) -> Iterator[Image.Image]:
        return (pictures[index] for index in indices)

    return Clip(len(pictures), read)


def test_each_still_becomes_a_picture_in_its_place() -> None:
    clip = clip_of(*map(Image.fromarray, grey_stills(7)))
    inputs = Preprocessor(SEEN)(clip, "c")
    assert inputs.shape == (4, 1, 6, 8)
    np.testing.assert_allclose(inputs[:, 0, 2, 3] * 255 / 2, [0, 40, 80, 120], atol=1e-3)


def test_an_animation_is_a_clip_too() -> None:
    first, *others = map(Image.fromarray, grey_stills(3))
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others)
    image = open_image(buffer.getvalue(), "g")
    inputs = Preprocessor(SEEN)(image, "g")
    np.testing.assert_allclose(inputs[:, 0, 2, 3] * 255 / 2, [0, 20, 40], atol=1e-3)


def test_clips_of_one_length_share_a_batch_and_none_is_padded(tmp_path: Path) -> None:
    lengths = [3, 2, 3, 4, 2]
    clips = np.stack([grey_stills(4)] * 5)
    np.savez(tmp_path / "c.npz", clips=clips, lengths=lengths)
    found = [
        (batch.indices, batch.images.shape[:2])
        for batch in batches(open_source(tmp_path / "c.npz"), Preprocessor(SEEN), 8)
    ]
    assert found == [([1, 4], (2, 2)), ([0, 2], (2, 3)), ([3], (1, 4))]


def test_a_picture_is_no_clip_and_a_clip_is_no_picture() -> None:
    picture = Image.new("L", (16, 12))
    for act in (Preprocessor(SEEN), Preprocessor(SEEN).size):
        with pytest.raises(InputError, match="p is a single picture, and the network sees clips"):
            act(picture, "p")
    for act in (Preprocessor(ONE), Preprocessor(ONE).size):
        with pytest.raises(InputError, match="c is a clip, and the network sees single pictures"):
            act(clip_of(picture, picture), "c")


def test_one_still_and_stills_of_several_sizes_are_no_sequence() -> None:
    small, large = Image.new("L", (16, 12)), Image.new("L", (17, 12))
    with pytest.raises(InputError, match="has 1 still to be seen, and a sequence needs 2"):
        Preprocessor(SEEN).size(clip_of(small), "c")
    with pytest.raises(InputError, match="1 still of 3, every 5th, to be seen"):
        Preprocessor(SEEN.model_copy(update={"clips": Clips(every=5)})).size(clip_of(small, small, small), "c")
    with pytest.raises(InputError, match="has stills of several sizes") as raised:
        Preprocessor(SEEN)(clip_of(small, small, large), "c")
    assert raised.value.cause == "Still 0 has 16×12 pixels, and still 2 17×12."


def test_broken_clips_are_found_before_the_work_and_may_be_left_out(tmp_path: Path) -> None:
    for name, count in (("a", 3), ("b", 3), ("c", 1)):
        write_stills(tmp_path / "x" / name, grey_stills(count))
    write_stills(tmp_path / "y" / "d", grey_stills(2))
    (tmp_path / "x" / "b" / "still3.png").write_bytes(b"\x89PNG")
    source = open_source(tmp_path)
    with pytest.raises(InputError, match=r"still3\.png of the clip x/b in .* is broken"):
        without_broken(source, False, SILENT)
    good, broken = without_broken(source, True, SILENT)
    assert broken == ["x/b", "x/c"]
    assert [good.item_name(index) for index in range(len(good))] == ["x/a", "y/d"]
