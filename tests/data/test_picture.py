"""Any image file becomes the upright 8-bit picture that people see."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from crnn_deploy.data.picture import has_several_frames, open_image, picture, seen_size
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_IMAGE_PIXELS


def line(width: int = 40, height: int = 12) -> Image.Image:
    """A smooth grey picture without any symmetry, so that lossy formats keep it."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray((30 + 150 * across + 60 * down).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(data: bytes, mode: str = "L") -> np.ndarray:
    return np.asarray(picture(open_image(data, "x.png"), "x.png", mode), np.int64)


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
    assert (seen(encoded(line(), exif=exif(orientation))) == np.asarray(line())).all()


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
    values = np.full((4, 6), 65535, np.uint16)
    values[:, 2:4] = 0
    header = struct.pack(">IIBBBBB", 6, 4, 16, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", 65535))
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert (seen(data) == values // 257).all()


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


def tiff(size: tuple[int, int], strips: list[bytes], rows: int, colours: int = 1, planes: bool = False) -> bytes:
    """An uncompressed TIFF of 8 bits, little-endian, with `rows` in each strip; colours may lie in planes."""
    strips_at = np.cumsum([8, *map(len, strips)]).tolist()
    data = b"".join(strips)
    arrays_at = 8 + len(data)
    count = len(strips)
    arrays = struct.pack(f"<{2 * count}I3H", *strips_at[:-1], *map(len, strips), 8, 8, 8)
    at, lengths_at, bits_at = arrays_at, arrays_at + 4 * count, arrays_at + 8 * count
    tags = [
        *(
            (256, 4, 1, size[0]),
            (257, 4, 1, size[1]),
            (258, 3, colours, 8 if colours == 1 else bits_at),
            (259, 3, 1, 1),
        ),
        *(
            (262, 3, 1, 1 if colours == 1 else 2),
            (273, 4, count, strips_at[0] if count == 1 else at),
            (277, 3, 1, colours),
        ),
        *((278, 4, 1, rows), (279, 4, count, len(strips[0]) if count == 1 else lengths_at), (284, 3, 1, 1 + planes)),
    ]
    folder = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", arrays_at + len(arrays)) + data + arrays + folder


@pytest.mark.parametrize("rows", [1, 3, 5, 12, 100])
def test_a_tiff_in_strips_is_read_whole(rows: int) -> None:
    pixels = np.asarray(line())
    strips = [pixels[start : start + rows].tobytes() for start in range(0, len(pixels), rows)]
    assert np.array_equal(seen(tiff((40, 12), strips, rows)), pixels)


@pytest.mark.parametrize("rows", [4, 12])
def test_a_tiff_in_planes_is_read_whole(rows: int) -> None:
    planes = [np.asarray(line()) // (1 + colour) for colour in range(3)]
    strips = [plane[start : start + rows].tobytes() for plane in planes for start in range(0, 12, rows)]
    read = seen(tiff((40, 12), strips, rows, colours=3, planes=True), "RGB")
    assert np.array_equal(read, np.stack(planes, axis=-1))


@pytest.mark.parametrize("rows", [1, 11])
def test_a_tiff_without_all_its_rows_is_refused(rows: int) -> None:
    pixels = np.asarray(line())
    with pytest.raises(InputError, match="its strips hold fewer pixels than it has"):
        seen(tiff((40, 12), [pixels.tobytes()], rows))


def test_tiffs_that_pillow_reads_otherwise_than_they_look_are_refused() -> None:
    signed = io.BytesIO()
    line().save(signed, "TIFF", tiffinfo={339: 2})
    with pytest.raises(InputError, match="signed numbers of 8 bits"):
        seen(signed.getvalue())
    planes = tiff((40, 12), [bytes(960)] * 3, 12, colours=3, planes=True).replace(
        struct.pack("<3H", 8, 8, 8), struct.pack("<3H", 16, 16, 16)
    )
    with pytest.raises(InputError, match="colours of 16 bits lie in planes"):
        seen(planes, "RGB")
