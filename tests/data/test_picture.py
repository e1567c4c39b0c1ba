"""Any image file becomes the upright 8-bit picture that people see."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from data.lines import encoded, line, seen
from PIL import ExifTags, Image, ImageCms, ImageOps

from crnn_deploy.data.picture import file_bytes, has_several_frames, open_image, picture, seen_size
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_IMAGE_PIXELS


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[ExifTags.Base.Orientation] = orientation
    return found


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_picture_is_turned_as_exif_says(kind: str, orientation: int) -> None:
    turned = line()
    turned.getexif()[ExifTags.Base.Orientation] = orientation
    upright = np.asarray(ImageOps.exif_transpose(turned), np.int64)
    options = {"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": exif(orientation)}
    data = encoded(line(), kind, **options)
    image = open_image(data, "x")
    assert seen_size(image) == upright.shape[::-1]
    assert np.abs(np.asarray(picture(image, "x", "L"), np.int64) - upright).max() <= 8


def test_exif_behind_the_pixels_of_a_png_turns_the_picture_and_its_size() -> None:
    plain = encoded(line())
    end = plain.index(b"IEND") - 4
    data = plain[:end] + chunk(b"eXIf", exif(6).tobytes()[6:]) + plain[end:]
    assert seen_size(open_image(data, "x")) == (12, 40)
    assert seen(data).shape == (40, 12)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_turns_nothing(orientation: int) -> None:
    image = open_image(encoded(line(), exif=exif(orientation)), "x")
    assert seen_size(image) == (40, 12)
    assert (np.asarray(picture(image, "x", "L")) == np.asarray(line())).all()


def test_exif_that_pillow_cannot_read_turns_nothing() -> None:
    image = open_image(encoded(line(), exif=exif(6)), "x")

    def fail() -> None:
        raise LookupError("no such tag")

    image.getexif = fail  # type: ignore[method-assign, assignment]
    assert (np.asarray(picture(image, "x", "L")) == np.asarray(line())).all()


def test_a_tiff_with_xmp_is_turned_once() -> None:
    data = encoded(line(), "TIFF", tiffinfo={274: 6, 700: b'<x tiff:Orientation="6"/>'})
    assert seen_size(open_image(data, "x")) == (12, 40)
    assert (seen(data) == np.asarray(line().transpose(Image.Transpose.ROTATE_270))).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("damage", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + bytes(40)])
def test_broken_exif_does_not_break_the_picture(damage: bytes) -> None:
    image = open_image(encoded(line(), "JPEG", exif=damage or b"x"), "x")
    assert seen_size(image) == (40, 12)
    assert np.abs(np.asarray(picture(image, "x", "L"), np.int64) - np.asarray(line())).max() <= 8


def test_grey_with_more_bits_reads_as_8_bits_do() -> None:
    grey = np.asarray(line())
    wide = Image.fromarray(grey.astype(np.uint16) * 257)
    for data in (
        encoded(wide),
        encoded(wide, "TIFF"),
        encoded(Image.fromarray(grey.astype(np.int32) * 257), "TIFF"),
        encoded(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"),
    ):
        assert (seen(data) == grey).all()


def test_16_bit_grey_with_a_transparent_value_lies_on_paper() -> None:
    values = np.full((4, 6), 40_000, np.uint16)
    values[:, 1], values[:, 2:4] = 0, 20_000
    header = struct.pack(">IIBBBBB", 6, 4, 16, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", 20_000))
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert seen(data)[0].tolist() == [156, 0, 255, 255, 156, 156]


def test_pixels_that_are_no_numbers_are_refused_by_name() -> None:
    values = np.zeros((4, 6), np.float32)
    values[1, 1] = np.nan
    with pytest.raises(InputError, match=r"x\.png is broken: 1 of its pixels are NaN or infinite"):
        seen(encoded(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_plain_modes_keep_the_bytes_that_pillow_gives(mode: str) -> None:
    image = line().convert("RGB").convert(mode)
    for wanted in ("L", "RGB"):
        assert picture(image, "x", wanted).tobytes() == image.convert(wanted).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(kind: str) -> None:
    found = seen(encoded(line().convert("RGB").convert("CMYK"), kind))
    assert np.abs(found - np.asarray(line())).max() < 12


def test_lab_is_converted() -> None:
    rgb = line().convert("RGB")
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert np.abs(seen(encoded(lab, "TIFF"), "RGB") - np.asarray(rgb)).max() < 6


def test_a_palette_with_transparency_lies_on_paper() -> None:
    pixels = Image.fromarray(np.array([[0, 1, 2, 2]] * 4, np.uint8)).convert("P")
    pixels.putpalette([0, 0, 0, 90, 90, 90, 10, 10, 10])
    for clear in (2, bytes([255, 255, 0])):
        assert seen(encoded(pixels, transparency=clear))[0].tolist() == [0, 90, 255, 255]


def test_a_picture_from_no_file_is_seen_as_from_its_file() -> None:
    """It needs no decoding, but what a file said of it still counts."""
    plain = line()
    assert picture(plain, "x", "L") is plain
    assert np.asarray(picture(plain, "x", "RGB")).shape == (12, 40, 3)
    turned = open_image(encoded(line(), exif=exif(6)), "x").copy()
    assert picture(turned, "x", "L").size == (12, 40)
    clear = Image.new("L", (4, 4), 9)
    clear.info["transparency"] = 9
    assert np.asarray(picture(clear, "x", "L")).min() == 255


def test_colours_on_paper_keep_their_hue() -> None:
    image = Image.new("RGBA", (6, 4), (0, 0, 0, 0))
    image.paste((200, 30, 90, 255), (1, 1, 3, 3))
    found = seen(encoded(image), "RGB")
    assert (found[1, 1].tolist(), found[0, 0].tolist()) == ([200, 30, 90], [255, 255, 255])
    premultiplied = image.convert("LA").convert("La")
    assert np.asarray(picture(premultiplied, "x", "L"))[:2, :2].tolist() == [[255, 255], [255, 88]]


def test_embedded_profiles_are_not_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (seen(encoded(line(), icc_profile=profile)) == np.asarray(line())).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_seen(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    other = [line().rotate(180)]
    image = open_image(encoded(line(), kind, save_all=True, append_images=other, **options), "x")
    assert has_several_frames(image)
    assert (np.asarray(picture(image, "x", "L")) == np.asarray(line())).all()
    assert not has_several_frames(open_image(encoded(line(), kind, **options), "x"))


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "PPM"])
def test_a_format_without_frames_has_one(kind: str) -> None:
    assert not has_several_frames(open_image(encoded(line(), kind), "x"))


def test_frames_that_cannot_be_counted_are_none() -> None:
    class Damaged(Image.Image):
        @property
        def is_animated(self) -> bool:
            raise EOFError("no more frames")

    assert not has_several_frames(Damaged())


def test_the_preview_in_a_photograph_is_no_second_frame() -> None:
    assert not has_several_frames(open_image(encoded(line(), "MPO", save_all=True, append_images=[line()]), "x"))


def png_of(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rest = chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rest


@pytest.mark.filterwarnings("ignore:Image size")
@pytest.mark.parametrize("size", [(MAX_IMAGE_PIXELS + 1, 1), (9500, 9500), (60000, 60000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"{MAX_IMAGE_PIXELS:,}"):
        open_image(png_of(*size), "x")


def test_the_most_pixels_that_are_allowed_are_opened() -> None:
    assert open_image(png_of(MAX_IMAGE_PIXELS, 1), "x").size == (MAX_IMAGE_PIXELS, 1)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="is broken"):
        open_image(png_of(*size), "x")
    with pytest.raises(InputError, match="is broken"):
        open_image(b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0) + b";", "x")


@pytest.mark.parametrize("size", [(1, 1), (1, 65000), (65000, 1)])
def test_extreme_shapes_are_read(size: tuple[int, int]) -> None:
    assert picture(open_image(encoded(Image.new("L", size)), "x"), "x", "RGB").size == size


def test_a_format_that_starts_programs_is_refused() -> None:
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 20\n%%EndComments\nshowpage\n"
    with pytest.raises(InputError, match="not an image"):
        open_image(page, "x")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"])
def test_a_file_cut_short_is_refused_by_name(kind: str) -> None:
    data = encoded(line(), kind)
    with pytest.raises(InputError, match="x is broken"):
        picture(open_image(data[: len(data) * 2 // 3], "x"), "x", "L")


def test_an_image_has_the_bytes_of_the_file_that_it_came_from() -> None:
    content = encoded(Image.new("L", (9, 4), 120), "JPEG")
    assert file_bytes(open_image(content, "line")) == content
    with Image.open(io.BytesIO(file_bytes(Image.new("L", (9, 4), 120)))) as made:
        assert (made.format, made.size, made.getpixel((0, 0))) == ("PNG", (9, 4), 120)
