"""Clips in folders and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crnn_deploy import limits
from crnn_deploy.data.clip import Clip
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

from ..clip_files import grey_stills, levels, write_stills


def test_a_folder_for_each_class_holds_a_folder_for_each_clip(tmp_path: Path) -> None:
    write_stills(tmp_path / "walk" / "clip10", grey_stills(11))
    write_stills(tmp_path / "walk" / "clip2", grey_stills(3))
    write_stills(tmp_path / "run" / "a", grey_stills(2))
    source = open_source(tmp_path)
    assert (source.kind, source.class_names) == ("class", ("run", "walk"))
    assert [source.item_name(index) for index in range(3)] == ["run/a", "walk/clip2", "walk/clip10"]
    assert [source.class_index(index) for index in range(3)] == [0, 1, 1]
    clip = source.image(2)
    assert isinstance(clip, Clip)
    assert levels(clip) == [20 * place for place in range(11)]  # still10 and still11 behind still9
    assert len({source.content_hash(index) for index in range(3)}) == 3


def test_the_prefix_tells_clips_without_classes_from_pictures_in_classes(tmp_path: Path) -> None:
    write_stills(tmp_path / "a", grey_stills(2))
    write_stills(tmp_path / "b", grey_stills(3))
    assert open_source(tmp_path).kind == "class"
    assert not isinstance(open_source(tmp_path).image(0), Clip)
    source = open_source(f"clips:{tmp_path}")
    assert (source.kind, len(source)) == ("unlabelled", 2)
    assert levels(source.image(1)) == [0, 20, 40]
    (single,) = [open_source(f"clips:{tmp_path / 'b'}")]
    assert (len(single), single.item_name(0), levels(single.image(0))) == (1, "b", [0, 20, 40])


def test_a_clip_without_stills_and_a_class_without_clips_are_told(tmp_path: Path) -> None:
    write_stills(tmp_path / "walk" / "a", grey_stills(2))
    (tmp_path / "walk" / "b").mkdir()
    with pytest.raises(InputError, match=r"clip walk/b in .* holds no stills"):
        open_source(tmp_path)
    (tmp_path / "walk" / "b").rmdir()
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="holds a class without clips: run"):
        open_source(tmp_path)


def test_parts_of_a_set_are_no_classes(tmp_path: Path) -> None:
    for part in ("train", "val"):
        write_stills(tmp_path / part / "a", grey_stills(2))
    with pytest.raises(InputError, match="holds parts of a set: train, val"):
        open_source(tmp_path)


def test_a_clip_with_very_many_stills_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STILLS", 3)
    write_stills(tmp_path / "walk" / "a", grey_stills(4))
    with pytest.raises(InputError, match=r"walk/a in .* has more than 3 stills"):
        open_source(tmp_path)
    np.savez(tmp_path / "c.npz", clips=grey_stills(4)[None])
    with pytest.raises(InputError, match="has more than 3 stills"):
        open_source(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("arrays", "mode"),
    [
        ({"clips": (3, 4, 6, 8)}, "L"),
        ({"clips": (3, 4, 6, 3)}, "L"),
        ({"images": (3, 4, 6, 8, 1)}, "L"),
        ({"x": (3, 4, 6, 8, 3)}, "RGB"),
    ],
)
def test_five_axes_or_the_name_make_an_array_of_clips(
    tmp_path: Path, arrays: dict[str, tuple[int, ...]], mode: str
) -> None:
    (key, shape), *_ = arrays.items()
    stills = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    np.savez(tmp_path / "c.npz", **{key: stills}, labels=[0, 1, 0], lengths=[4, 2, 3])
    source = open_source(tmp_path / "c.npz")
    assert source.kind == "class"
    clips = [source.image(index) for index in range(3)]
    assert [clip.count for clip in clips if isinstance(clip, Clip)] == [4, 2, 3]
    (still,) = clips[2].read([2])  # type: ignore[union-attr]
    assert still.mode == mode
    np.testing.assert_array_equal(np.asarray(still), stills[2, 2].squeeze())


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"images": (2, 3, 8, 8)}, "images of shape (2, 3, 8, 8)"),  # which may be pictures with their colours first
        ({"clips": (2, 8, 8)}, "clips of shape (2, 8, 8)"),
        ({"clips": (2, 3, 8, 8, 2)}, "clips of shape (2, 3, 8, 8, 2)"),
        ({"clips": (2, 0, 8, 8)}, "holds no clips"),
        ({"images": (2, 8, 8), "lengths": [1, 2]}, "holds lengths of clips, but images"),
        ({"clips": (2, 3, 8, 8), "lengths": [1, 4]}, "a clip of length 4, and its array holds 1 to 3"),
        ({"clips": (2, 3, 8, 8), "lengths": [0, 3]}, "a clip of length 0"),
        ({"clips": (2, 3, 8, 8), "lengths": [3.0, 2.0]}, "lengths of type float64"),
        ({"clips": (2, 3, 8, 8), "lengths": [3]}, "lengths of type int64 and shape (1,)"),
    ],
)
def test_arrays_that_are_no_clips(tmp_path: Path, arrays: dict[str, Any], told: str) -> None:
    made = {key: np.zeros(v, np.uint8) if isinstance(v, tuple) else np.array(v) for key, v in arrays.items()}
    np.savez(tmp_path / "c.npz", **made)
    with pytest.raises(InputError) as raised:
        open_source(tmp_path / "c.npz")
    assert told in raised.value.what


def test_images_beside_clips_stay_images(tmp_path: Path) -> None:
    write_stills(tmp_path / "a" / "clip", grey_stills(2))
    Image.new("L", (8, 8)).save(tmp_path / "a" / "x.png")
    write_stills(tmp_path / "b", grey_stills(2))
    source = open_source(tmp_path)
    assert (source.kind, len(source)) == ("class", 3)
