"""Videos as clips: every still in its order, and no more of a hostile one than the limits allow."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from crnn_deploy import limits
from crnn_deploy.data.clip import Clip
from crnn_deploy.data.picture import seen_size
from crnn_deploy.data.sources import video
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

from ..clip_files import grey_stills, levels, write_video

pytest.importorskip("av")


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "mpeg4"), ("avi", "mpeg4"), ("webm", "libvpx"), ("mkv", "ffv1")])
def test_the_stills_of_a_video_in_their_order(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_video(tmp_path / f"v.{suffix}", grey_stills(6, (32, 24)), codec)
    source = open_source(path)
    clip = source.image(0)
    assert isinstance(clip, Clip)
    assert (source.kind, clip.count, seen_size(clip)) == ("unlabelled", 6, (32, 24))
    assert levels(clip) == pytest.approx(20 * np.arange(6), abs=4)
    assert [round(np.asarray(still).mean()) for still in clip.read([1, 4])] == pytest.approx([20, 80], abs=4)


def test_folders_of_videos_are_classes(tmp_path: Path) -> None:
    for name in ("run/b.mp4", "walk/v10.mp4", "walk/v9.mp4"):
        write_video(tmp_path / name, grey_stills(2, (16, 16)))
    source = open_source(tmp_path)
    assert source.class_names == ("run", "walk")
    assert [source.item_name(index) for index in range(3)] == ["run/b.mp4", "walk/v9.mp4", "walk/v10.mp4"]
    assert open_source(tmp_path / "walk").kind == "unlabelled"


def test_a_video_that_is_cut_off_or_something_else_is_broken(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", grey_stills(8, (32, 24)))
    for data in (path.read_bytes()[:200], b"page", b"#EXTM3U\n#EXTINF:1,\nother.mp4\n"):
        (tmp_path / "w.mp4").write_bytes(data)
        with pytest.raises(InputError, match=r"The clip w\.mp4 in .* is broken"):
            open_source(tmp_path / "w.mp4").image(0)


def test_a_playlist_cannot_make_other_files_be_read(tmp_path: Path) -> None:
    other = write_video(tmp_path / "other.mkv", grey_stills(3, (32, 24)), "ffv1")
    (tmp_path / "w.mkv").write_text(f"ffconcat version 1.0\nfile '{other}'\n")
    with pytest.raises(InputError, match="is broken"):
        open_source(tmp_path / "w.mkv").image(0)


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [
        ("MAX_STILLS", 3, "has more than 3 stills"),
        ("MAX_VIDEO_PIXELS", 2000, "has more than 2,000 pixels"),
        ("MAX_IMAGE_PIXELS", 500, "have 768 pixels"),
    ],
)
def test_more_than_the_limits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, told: str
) -> None:
    path = write_video(tmp_path / "v.mp4", grey_stills(5, (32, 24)))
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(InputError, match=told):
        open_source(path).image(0)


def test_without_pyav_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v.mp4").write_bytes(b"video")
    found = importlib.util.find_spec
    monkeypatch.setattr(video, "find_spec", lambda name: None if name == "av" else found(name))
    with pytest.raises(InputError, match="needs PyAV") as raised:
        open_source(tmp_path / "v.mp4")
    assert raised.value.fix == "pip install 'crnn-deploy[video]'"
