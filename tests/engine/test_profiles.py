"""Which input shapes an engine takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crnn_deploy.clips import Clips
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.engine.config import EngineConfig, EngineOptions
from crnn_deploy.engine.profiles import choose_profiles, fitting, for_batch, padded_widths, parse_profile
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing

LINES = Preprocessing(height=32, min_width=8, max_width=1024, width_multiple=4)
LONG_LINES = LINES.model_copy(update={"max_width": 1280})


@pytest.mark.parametrize("text", ["1x32,8x320,16x1280", "1x1x32x32, 8x1x32x320 ,16x1x32x1280"])
def test_shapes_may_be_short_or_whole(text: str) -> None:
    profile = parse_profile(text, LONG_LINES)
    assert (profile.min, profile.opt, profile.max) == ((1, 1, 32, 32), (8, 1, 32, 320), (16, 1, 32, 1280))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1x32", "three shapes"),
        ("1x32,8x320,", "no shape"),
        ("1x32,8xwide,16x1280", "no shape"),
        ("0x32,8x320,16x1280", "no shape"),
        ("16x32,8x320,16x1280", "ascend"),
        ("1x32,8x320,16x160", "ascend"),
        ("1x3x32x32,1x3x32x32,1x3x32x32", "no input of this model"),
        ("1x1x48x32,1x1x48x32,1x1x48x32", "no input of this model"),
        ("1x32x32,1x32x32,1x32x32", "no input of this model"),
        ("1x3,1x3,1x3", "holds no image"),
        ("1x33,1x34,1x35", "holds no image"),
        ("1x8,1x320,1x1028", "wider than any image"),
    ],
)
def test_a_wrong_profile_is_told_with_the_grammar(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        parse_profile(text, LINES)
    assert "BATCHxWIDTH" in caught.value.fix


CLIPS = Preprocessing(height=12, width=16, clips=Clips(max_stills=20))


@pytest.mark.parametrize("text", ["1x2,4x8,8x20", "1x2x1x12x16,4x8x1x12x16,8x20x1x12x16"])
def test_profiles_of_clips_count_their_stills(text: str) -> None:
    profile = parse_profile(text, CLIPS)
    assert (profile.min, profile.max, profile.sizes) == ((1, 2, 1, 12, 16), (8, 20, 1, 12, 16), (2, 8, 20))
    assert fitting([profile], [1, 2, 20, 21]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1x2,1x8,1x21", "longer than any clip"),
        ("1x1,1x1,1x1", "holds no clip"),
        ("1x2x1x12x8,1x2x1x12x8,1x2x1x12x8", "no input of this model"),
        ("1x1x12x16,1x1x12x16,1x1x12x16", "no input of this model"),
    ],
)
def test_a_wrong_profile_of_clips_is_told(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        parse_profile(text, CLIPS)
    assert "BATCHxSTILLS" in caught.value.fix


def test_long_clips_run_alone_beyond_those_of_the_data() -> None:
    options = EngineConfig(model=Path("m.onnx"), max_batch=4)
    assert [profile.sizes for profile in choose_profiles(options, CLIPS, None)] == [(2, 8, 20)]
    found = choose_profiles(options, CLIPS, [3, 5, 5])
    assert [(profile.sizes, profile.max[0]) for profile in found] == [((2, 5, 5), 4), ((6, 6, 20), 1)]


def test_a_graph_that_takes_one_image_gets_profiles_of_one_and_one_that_takes_several_is_refused() -> None:
    options = EngineConfig(model=Path("m.onnx"), max_batch=8)
    assert for_batch(options, None, options.model) == options
    assert for_batch(options, 1, options.model).max_batch == 1
    for batch in (2, 8):
        with pytest.raises(InputError, match=f"takes {batch} images at once"):
            for_batch(options, batch, options.model)


def test_a_fixed_width_makes_one_profile_and_takes_no_other() -> None:
    fixed = LINES.model_copy(update={"width": 100})
    (profile,) = choose_profiles(EngineOptions(max_batch=4), fixed, [100, 100])
    assert (profile.min, profile.opt, profile.max) == ((1, 1, 32, 100), (4, 1, 32, 100), (4, 1, 32, 100))
    with pytest.raises(InputError, match="its width is 100"):
        parse_profile("1x32,1x32,1x32", fixed)


def test_given_profiles_are_taken_as_they_are() -> None:
    options = EngineOptions(profiles=("1x32,1x64,1x64", "1x68,8x128,8x128"))
    assert [profile.max[3] for profile in choose_profiles(options, LINES, [8, 16])] == [64, 128]


@given(
    bounds=st.tuples(st.integers(1, 80), st.integers(0, 40)),
    limits=st.tuples(st.integers(1, 60), st.integers(0, 20)),
    multiple=st.sampled_from([1, 4, 32]),
)
def test_a_profile_is_refused_just_when_no_image_can_enter_it_or_it_is_too_wide(
    bounds: tuple[int, int], limits: tuple[int, int], multiple: int
) -> None:
    (low, more), (narrow, range_) = bounds, limits
    lines = LINES.model_copy(update={"min_width": narrow, "max_width": narrow + range_, "width_multiple": multiple})
    widths = {lines.padded_width(width, 32) for width in range(1, 100)}
    usable = any(low <= width <= low + more for width in widths) and low + more <= max(widths)
    text = f"1x{low},1x{low},1x{low + more}"
    if usable:
        assert parse_profile(text, lines).max[3] == low + more
    else:
        with pytest.raises(InputError):
            parse_profile(text, lines)


def test_a_profile_is_given_once_and_names_its_batch_itself() -> None:
    with pytest.raises(InputError, match="given twice"):
        choose_profiles(EngineOptions(profiles=("1x32,8x64,8x64", "1x1x32x32,8x64,8x64")), LINES, None)
    with pytest.raises(InputError, match="--max-batch 4 has no effect"):
        choose_profiles(EngineOptions(profiles=("1x32,8x64,8x64",), max_batch=4), LINES, None)


def test_images_fit_by_their_width() -> None:
    profiles = choose_profiles(EngineOptions(profiles=("1x32,1x64,1x64", "1x100,2x128,2x128")), LINES, None)
    assert fitting(profiles, [28, 32, 64, 68, 128, 132]) == [1, 2, 4]
    with pytest.raises(InputError, match="None of the 2 images fits") as caught:
        fitting(profiles, [28, 68])
    assert "28 to 68 pixels" in caught.value.cause


def test_buckets_need_images_and_exclude_profiles() -> None:
    with pytest.raises(InputError, match="needs images"):
        choose_profiles(EngineOptions(buckets=2), LINES, None)
    with pytest.raises(ValidationError, match="not both"):
        EngineOptions(buckets=2, profiles=("1x8,1x8,1x8",))


def test_buckets_hold_about_as_many_images_each_and_are_best_at_their_median() -> None:
    widths = [*range(100, 400, 4)]
    first, second, third, rest = choose_profiles(EngineOptions(buckets=3), LINES, widths)
    assert (first.opt[3], first.max[3]) == (148, 196)
    assert (second.min[3], second.opt[3], second.max[3]) == (200, 248, 296)
    assert third.max[3] == 396
    assert (rest.min, rest.max) == ((1, 1, 32, 400), (1, 1, 32, 1024))


def test_without_images_lines_of_usual_widths_run_in_batches_and_longer_ones_alone() -> None:
    usual, rest = choose_profiles(EngineOptions(max_batch=8), LINES, None)
    assert (usual.min, usual.opt, usual.max) == ((1, 1, 32, 8), (8, 1, 32, 320), (8, 1, 32, 640))
    assert (rest.min, rest.opt, rest.max) == ((1, 1, 32, 644), (1, 1, 32, 644), (1, 1, 32, 1024))


@pytest.mark.parametrize(("max_width", "ends"), [(639, [640]), (641, [640, 644]), (645, [640, 648])])
def test_no_width_is_left_out_at_the_end(max_width: int, ends: list[int]) -> None:
    lines = LINES.model_copy(update={"max_width": max_width})
    assert [profile.max[3] for profile in choose_profiles(EngineOptions(), lines, None)] == ends


def test_images_of_one_pixel_make_a_profile() -> None:
    lines = Preprocessing(height=32, min_width=1, max_width=3, width_multiple=1)
    first, rest = choose_profiles(EngineOptions(buckets=2), lines, [1, 1, 1])
    assert (first.opt[3], first.max[3], rest.min[3], rest.max[3]) == (1, 1, 2, 3)


def test_images_without_buckets_tell_the_usual_width() -> None:
    usual, rest = choose_profiles(EngineOptions(), LINES, [80, 120, 200])
    assert (usual.min[3], usual.opt[3], usual.max[3], rest.min[3]) == (8, 120, 200, 204)


@given(
    widths=st.none() | st.lists(st.integers(1, 3000), min_size=1, max_size=60),
    buckets=st.integers(1, 5),
    limits=st.tuples(st.integers(1, 300), st.integers(0, 2000)),
    multiple=st.sampled_from([1, 4, 32]),
    batch=st.integers(1, 64),
)
def test_together_they_hold_every_width_that_preprocessing_yields(
    widths: list[int] | None, buckets: int, limits: tuple[int, int], multiple: int, batch: int
) -> None:
    low, more = limits
    lines = Preprocessing(height=32, min_width=low, max_width=low + more, width_multiple=multiple)
    padded = widths and [lines.padded_width(width, 32) for width in widths]
    options = EngineOptions(buckets=buckets if widths else None, max_batch=batch)
    profiles = choose_profiles(options, lines, padded)
    for width in {lines.padded_width(width, 32) for width in range(1, 2400)}:
        assert any(profile.holds((1, 1, 32, width)) for profile in profiles), width
    for width in padded or []:
        assert any(profile.holds((batch, 1, 32, width)) for profile in profiles)
    for profile in profiles:
        assert all(a <= b <= c for a, b, c in zip(profile.min, profile.opt, profile.max, strict=True))


def test_widths_are_read_from_the_headers(tmp_path: Path) -> None:
    folder = tiny_crnn.image_folder(tmp_path / "lines", 5)
    widths = padded_widths(open_source(str(folder)), Preprocessing(height=16))
    assert len(widths) == 5
    lines = open_source(str(folder))
    assert padded_widths(Subset(lines, [3]), Preprocessing(height=16)) == widths[3:4]
    with pytest.raises(InputError, match="holds no images"):
        padded_widths(Subset(lines, []), Preprocessing(height=16))
    assert all(width % 4 == 0 and 20 <= width <= 92 for width in widths)
