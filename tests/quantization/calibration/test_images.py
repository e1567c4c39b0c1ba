from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image
from tiny_crnn import image_folder, tiny_spec
from told import Told

from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT
from crnn_deploy.quantization.calibration import images
from crnn_deploy.quantization.calibration.images import draw_images
from crnn_deploy.quantization.config import QuantizeOptions


def names(source):
    return [source.item_name(index) for index in range(len(source))]


def draw(folder, samples=None, held_out=None, seed=0, skip_bad=False):
    options = QuantizeOptions(samples=samples, held_out=held_out, seed=seed, skip_bad=skip_bad)
    return draw_images(str(folder), options, SILENT)


def damaged(folder, count, broken):
    """A folder of `count` images, of which the first `broken` can't be read."""
    for path in sorted(image_folder(folder, count).iterdir())[:broken]:
        path.write_bytes(path.read_bytes()[:40])
    return folder


@pytest.mark.parametrize(
    ("samples", "held_out", "expected"),
    [(None, None, (12, 8)), (5, None, (5, 15)), (None, 6, (14, 6)), (12, 8, (12, 8)), (3, 4, (3, 4))],
)
def test_no_image_calibrates_and_compares(tmp_path, samples, held_out, expected):
    parts = draw(image_folder(tmp_path / "a", 20), samples, held_out)
    assert tuple(map(len, parts)) == expected
    assert set(names(parts[0])).isdisjoint(names(parts[1]))


def test_many_images_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "_SAMPLES", 6)
    monkeypatch.setattr(images, "_HELD_OUT", 4)
    assert tuple(map(len, draw(image_folder(tmp_path / "a", 20)))) == (6, 4)


class Numbers(Measured):
    """Tiny images in memory, all different."""

    name = "numbers"

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def item_name(self, index: int) -> str:
        return str(index)

    def image(self, index: int) -> Image.Image:
        return Image.new("L", (1 + index % 7, 1), index % 256)

    def content_hash(self, index: int) -> bytes:
        return index.to_bytes(16, "big")


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, (1, 1)), (3, (2, 1)), (4, (2, 2)), (499, (299, 200)), (500, (300, 200)), (999, (300, 200))],
)
def test_few_images_are_shared_and_of_many_500_are_enough(monkeypatch, count, expected):
    source = Numbers(count)
    monkeypatch.setattr(images, "open_source", lambda *_, **__: source)
    assert tuple(map(len, draw("x"))) == expected


def test_the_seed_draws(tmp_path):
    folder = image_folder(tmp_path / "a", 30)
    first, again, other = (names(draw(folder, 10, 5, seed)[0]) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("samples", "held_out"), [(21, None), (20, None), (None, 20), (15, 6)])
def test_fewer_images_than_asked(tmp_path, samples, held_out):
    with pytest.raises(InputError, match="only 20 usable images"):
        draw(image_folder(tmp_path / "a", 20), samples, held_out)


@pytest.mark.parametrize(
    ("samples", "held_out", "options"),
    [
        (21, None, "--samples 21 needs 22"),
        (None, 20, "--held-out 20 needs 21"),
        (15, 6, "--samples 15 and --held-out 6 need 21"),
    ],
)
def test_the_complaint_names_the_options_that_were_given(tmp_path, samples, held_out, options):
    with pytest.raises(InputError, match=options) as raised:
        draw(image_folder(tmp_path / "a", 20), samples, held_out)
    assert str(raised.value).count("--") == options.count("--")


def test_one_image_is_not_enough(tmp_path):
    with pytest.raises(InputError, match="no image may be in both") as raised:
        draw(image_folder(tmp_path / "a", 1))
    assert "1 usable image." in raised.value.what
    assert "--" not in str(raised.value)


@pytest.mark.parametrize("seed", range(3))
def test_others_are_drawn_in_place_of_broken_images(tmp_path, seed):
    folder = damaged(tmp_path / "a", 24, broken=8)
    parts = draw(folder, 10, 6, seed, skip_bad=True)
    assert sorted(names(parts[0]) + names(parts[1])) == sorted(path.name for path in folder.iterdir())[8:]
    with pytest.raises(InputError, match="only 16 usable images"):
        draw(folder, 11, 6, seed, skip_bad=True)


def test_a_broken_image_is_an_error_unless_asked(tmp_path):
    folder = damaged(tmp_path / "a", 6, broken=1)
    with pytest.raises(InputError, match=r"000\.png"):
        draw(folder)


def test_broken_images_alone_are_not_enough(tmp_path):
    with pytest.raises(InputError, match=r"All 4 images .* are broken"):
        draw(damaged(tmp_path / "a", 4, broken=4), skip_bad=True)


def test_images_that_are_all_the_same(tmp_path):
    folder = image_folder(tmp_path / "a", 5)
    first, *others = sorted(folder.iterdir())
    for other in others:
        shutil.copy(first, other)
    with pytest.raises(InputError, match="the same"):
        draw(folder)


def test_images_come_one_by_one_in_their_own_widths(tmp_path):
    found = NetworkInputs(open_source(str(image_folder(tmp_path / "a", 7))), tiny_spec().preprocessing)
    shapes = [image.shape for image in found]
    assert {shape[:3] for shape in shapes} == {(1, 1, 16)}
    assert found.median().shape[3] == sorted(shape[3] for shape in shapes)[3]
    assert np.abs(found.median()).max() <= 1


def test_labels_that_are_not_understood_do_not_matter(tmp_path):
    folder = image_folder(tmp_path / "a", 6)
    (folder / "labels.csv").write_text("this;is\nno;list of images\n")
    assert len(names(draw(folder)[0])) == 4


def test_what_is_said_is_what_is_drawn(tmp_path):
    told = Told()
    options = QuantizeOptions(samples=5)
    parts = images.draw_images(str(image_folder(tmp_path / "a", 12)), options, told)
    assert told.lines[-1].endswith("calibrating on 5 images, comparing on 7 others.")
    assert tuple(map(len, parts)) == (5, 7)


def test_two_images_that_are_the_same_are_too_few(tmp_path):
    folder = image_folder(tmp_path / "a", 2)
    first, second = sorted(folder.iterdir())
    shutil.copy(first, second)
    with pytest.raises(InputError, match="All 2 images"):
        draw(folder)
