"""Pixels become what the spec says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.preprocessing import Preprocessing


def run(image: Image.Image, **options: object) -> np.ndarray:
    return Preprocessor(Preprocessing.model_validate({"height": 4, "width_multiple": 4, **options}))(image, "x")


def test_grey_is_normalised_and_padded_white() -> None:
    x = run(Image.new("L", (5, 4), 0), min_width=1)
    assert x.shape == (1, 4, 8)
    assert np.all(x[..., :5] == -1)
    assert np.all(x[..., 5:] == 1)


@pytest.mark.parametrize(("padding", "value"), [("edge", 0.5), ("white", 1.0), ("black", 0.0), ("mean", 0.2)])
def test_paddings(padding: str, value: float) -> None:
    x = run(Image.new("L", (5, 4), 0x7F), padding=padding, mean=(0.2,), std=(1.0,), min_width=1) + 0.2
    assert x[0, 0, -1] == pytest.approx(value, abs=0.01)


def test_the_mean_of_each_channel_pads_to_zeros() -> None:
    options = {"channels": "BGR", "mean": (0.2, 0.4, 0.8), "padding": "mean", "min_width": 1, "pad_to": 12}
    for invert in (False, True):
        x = run(Image.new("RGB", (5, 4), 0), invert=invert, **options)
        assert x.shape == (3, 4, 12)
        assert np.abs(x[:, :, 5:]).max() < 0.01
        assert np.abs(x[:, :, :5]).min() > 0.3


def test_a_line_is_narrower_than_what_pad_to_makes_of_it() -> None:
    preprocessor = Preprocessor(Preprocessing(height=4, width_multiple=4, min_width=1, pad_to=20))
    narrow, wide = Image.new("L", (5, 4)), Image.new("L", (33, 4))
    assert [preprocessor.size(narrow), preprocessor.size(wide)] == [20, 36]
    assert [preprocessor.line_size(narrow), preprocessor.line_size(wide)] == [8, 36]


def test_opencvs_filter_takes_four_pixels() -> None:
    thin = Image.new("L", (90, 12), 255)
    thin.paste(0, (0, 0, 90, 1))  # a line of a pixel, between the neighbours of what replaces it
    fields = {"height": 4, "mean": (0.0,), "std": (1.0,)}
    assert run(thin, resize="linear", **fields).min() == 1
    assert run(thin, resize="bilinear", **fields).min() < 1


def test_colours_keep_their_order() -> None:
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    options = {"mean": (0.0,), "std": (1.0,), "min_width": 1}
    assert run(red, channels="RGB", **options)[:, 0, 0].tolist() == [1, 0, 0]
    assert run(red, channels="BGR", **options)[:, 0, 0].tolist() == [0, 0, 1]


def test_each_channel_may_have_its_own_statistics() -> None:
    x = run(
        Image.new("RGB", (4, 4), (255, 255, 255)), channels="RGB", mean=(0, 0.5, 1), std=(1, 0.5, 0.25), min_width=1
    )
    assert x[:, 0, 0].tolist() == [1, 1, 0]


def test_transparency_is_paper() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert np.all(run(clear, min_width=1) == 1)
    assert np.all(run(clear.convert("LA"), min_width=1) == 1)


@pytest.mark.parametrize(("mode", "black"), [("P", 0), ("L", 0), ("RGB", (0, 0, 0))])
def test_a_transparent_colour_is_paper(mode: str, black: int | tuple[int, ...]) -> None:
    clear = Image.new(mode, (4, 4), black)
    clear.info["transparency"] = black
    assert np.all(run(clear, min_width=1) == 1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "I;16", "F"])
def test_any_mode_of_image(mode: str) -> None:
    assert np.isfinite(run(Image.new(mode, (9, 6)))).all()


def test_a_spec_with_just_a_height_means_what_it_always_meant() -> None:
    plain = Preprocessor(Preprocessing(height=32))

    def pixels(width: int, height: int = 32) -> np.ndarray:
        return plain(Image.new("L", (width, height), 64), "x")

    grey = 2 * (64 / 255 - 0.5)  # pixels become -1 to 1
    narrow = pixels(1)
    assert narrow.shape == (1, 32, 8)
    assert narrow == pytest.approx(grey)
    padded = pixels(9)
    assert padded.shape == (1, 32, 12)
    assert padded[..., :9] == pytest.approx(grey)
    assert np.all(padded[..., 9:] == 1)  # white
    assert pixels(11 * 64 + 1, 64).shape == (1, 32, 356)  # 352.5 pixels are rounded up to 353
    assert pixels(4095).shape == pixels(4096).shape == pixels(9999).shape == (1, 32, 4096)


def test_the_aspect_ratio_is_kept_unless_the_width_is_fixed() -> None:
    line = Image.new("L", (100, 20))
    assert run(line).shape == (1, 4, 20)
    assert run(line, width=7).shape == (1, 4, 7)


FRACTIONS = {"mean": (0.0,), "std": (1.0,), "min_width": 1}


def test_margins_stand_on_both_sides() -> None:
    x = run(Image.new("L", (5, 4), 0), margin=2, width_multiple=1, **FRACTIONS)
    assert x[0, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert run(Image.new("L", (5, 4), 0), margin=2, width_multiple=4, **FRACTIONS).shape[2] == 12
    left, right = np.array([[0] * 4] * 4), np.array([[102] * 2] * 4)
    image = Image.fromarray(np.concatenate([left, right], axis=1).astype(np.uint8))
    x = run(image, margin=1, width_multiple=1, padding="edge", resize="nearest", **FRACTIONS)
    assert x[0, 0].tolist() == pytest.approx([0, 0, 0, 0, 0, 0.4, 0.4, 0.4])


def test_inverted_ink_is_bright() -> None:
    x = run(Image.new("L", (3, 4), 51), invert=True, **FRACTIONS)
    assert x[0, 0].tolist() == pytest.approx([0.8, 0.8, 0.8, 0])


def test_a_fixed_width_may_keep_the_aspect_ratio_and_be_padded() -> None:
    narrow, wide = Image.new("L", (5, 4), 0), Image.new("L", (50, 4), 0)
    options = {"width": 10, "keep_ratio": True, "padding": "white", **FRACTIONS}
    assert run(narrow, **options)[0, 0].tolist() == [0] * 5 + [1] * 5
    assert run(wide, **options)[0, 0].tolist() == [0] * 10
    assert run(narrow, **options, margin=1)[0, 0].tolist() == [1] + [0] * 5 + [1] * 4
    assert run(wide, **options, margin=1)[0, 0].tolist() == [1] + [0] * 8 + [1]


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_every_column_up_to_the_padded_width_is_paper(missing: int) -> None:
    x = run(Image.new("L", (8 - missing, 4), 0), min_width=1)
    assert x.shape == (1, 4, 8)
    assert x[0, 0].tolist() == [-1] * (8 - missing) + [1] * missing


@given(
    st.integers(1, 40),
    st.integers(1, 20),
    st.sampled_from(["L", "RGB"]),
    st.booleans(),
    st.integers(0, 3),
    st.booleans(),
)
def test_an_image_is_normalised_by_its_own_mean_and_deviation(
    width: int, height: int, channels: str, invert: bool, margin: int, blank: bool
) -> None:
    """As NumPy has them for the input that is padded only to its own width; what pads a batch changes nothing."""
    values = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(np.full_like(values, 77) if blank else values)
    fields = {"height": 4, "channels": channels, "invert": invert, "margin": margin, "padding": "edge"}
    own = Preprocessor(Preprocessing.model_validate({**fields, "normalise": "image"}))
    of_pixels = Preprocessor(Preprocessing.model_validate({**fields, "mean": (0.0,), "std": (1.0,)}))
    plain = of_pixels.tensor(of_pixels.pixels(image, "x"))
    expected = np.zeros_like(plain) if np.ptp(plain) == 0 else (plain - plain.mean()) / plain.std()
    assert own(image, "x") == pytest.approx(expected, abs=1e-4)
    pixels = own.pixels(image, "x")
    padded = own.tensor(pixels, expected.shape[2] + 32)
    assert np.array_equal(padded[..., : expected.shape[2]], own(image, "x"))


def test_an_image_with_one_pixel_off_has_its_real_deviation() -> None:
    pixels = np.full((4, 8), 200, np.uint8)
    pixels[2, 3] -= 1
    x = run(Image.fromarray(pixels), normalise="image")
    assert x.std() == pytest.approx(1, abs=0.02)  # √(1 - 1 / 32), because the pixel shifts the mean


def test_mean_and_std_of_each_image_are_not_stated_besides() -> None:
    with pytest.raises(ValidationError, match="have to be left out"):
        Preprocessing(height=4, normalise="image", mean=(0.0,))


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 80)),
    fields=st.fixed_dictionaries(
        {
            "channels": st.sampled_from(["L", "RGB", "BGR"]),
            "height": st.sampled_from([16, 32, 48]),
            "resize": st.sampled_from(["bilinear", "bicubic", "lanczos", "linear", "nearest"]),
            "padding": st.sampled_from(["white", "black", "mean", "edge"]),
            "margin": st.sampled_from([0, 5]),
            "invert": st.booleans(),
            "grey_last": st.booleans(),
        }
    ),
    fixed=st.sampled_from([{}, {"pad_to": 100}, {"width": 120}, {"width": 120, "keep_ratio": True, "letterbox": True}]),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_an_input_in_one_pass_is_that_of_all_passes(
    size: tuple[int, int], fields: dict[str, Any], fixed: dict[str, Any], seed: int
) -> None:
    seen = Preprocessing(**fields, **fixed)
    own = Preprocessor(seen)
    mode = "L" if seen.channels == "L" and not seen.grey_last else "RGB"
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], len(mode)), np.uint8)
    plain = Image.fromarray(noise[:, :, 0] if mode == "L" else noise)
    made, columns = own.input(plain)
    pixels = own.resized(plain)
    expected = own.tensor(pixels)
    assert columns == pixels.shape[1]
    assert made.shape == expected.shape
    assert np.array_equal(made, expected)
