"""Folders and archives with PAGE or ALTO XML for each page give its lines as crops."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar, write_zip
from PIL import Image
from told import Told

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

WIDTH, HEIGHT = 200, 100
TEXTS = ["first line", "<second> & “third”"]
BOXES = [(10, 5, 110, 25), (20, 40, 190, 70)]
SIGN = {"&": "&amp;", "<": "&lt;"}


def escaped(text: str) -> str:
    return "".join(SIGN.get(character, character) for character in text)


def page_xml(image: str = "0.png", texts: list[str] = TEXTS, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """As Transkribus and eScriptorium write it, with words that are no lines; of an empty line they are empty."""
    lines = "".join(
        f'<TextLine id="l{number}"><Coords points="{left},{top} {right},{top} {right},{bottom} {left},{bottom}"/>'
        f'<Baseline points="0,0 9,9"/><Word id="w"><Coords points="0,0 1,1"/><TextEquiv><Unicode>'
        f"{'word' * bool(text)}</Unicode></TextEquiv></Word>"
        f"<TextEquiv><Unicode>{escaped(text)}</Unicode></TextEquiv></TextLine>"
        for number, (text, (left, top, right, bottom)) in enumerate(zip(texts, BOXES, strict=True))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/'
        f'2019-07-15"><Page imageFilename="{image}" imageWidth="{size[0]}" imageHeight="{size[1]}"><TextRegion id="r">'
        f'<Coords points="0,0 9,9"/>{lines}<TextEquiv><Unicode>the region</Unicode></TextEquiv></TextRegion></Page>'
        "</PcGts>"
    ).encode()


def alto_xml(image: str = "0.png", texts: list[str] = TEXTS, unit: str = "pixel") -> bytes:
    def words(text: str) -> str:
        return "<SP/>".join(f'<String CONTENT="{escaped(word)}"/>' for word in text.split(" "))

    lines = "".join(
        f'<a:TextLine ID="l{number}" HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" HEIGHT="{bottom - top}">'
        f"{words(text)}</a:TextLine>"
        for number, (text, (left, top, right, bottom)) in enumerate(zip(texts, BOXES, strict=True))
    )
    return (
        f'<a:alto xmlns:a="http://www.loc.gov/standards/alto/ns-v4#"><Description><MeasurementUnit>{unit}'
        f"</MeasurementUnit><sourceImageInformation><fileName>{image}</fileName></sourceImageInformation></Description>"
        f'<Layout><Page WIDTH="{WIDTH}" HEIGHT="{HEIGHT}"><PrintSpace><TextBlock>{lines}</TextBlock></PrintSpace>'
        "</Page></Layout></a:alto>"
    ).encode()


IMAGE = png(picture(0, WIDTH, HEIGHT))
SET = {"0.png": IMAGE, "0.xml": page_xml()}


@pytest.mark.parametrize(
    "files",
    [
        SET,
        {"0.png": IMAGE, "0.xml": alto_xml()},
        {"0.png": IMAGE, "0.xml": page_xml("C:\\scans\\0.png")},
        {"0.png": IMAGE, "0.xml": page_xml("")},
        {"0.png": IMAGE, "0.page.xml": page_xml("moved.tif")},
        {"0.png": IMAGE, "page/0.xml": page_xml()},
        {"0.png": IMAGE, "alto/0.xml": alto_xml("")},
        {"0.png": IMAGE, "0.xml": page_xml().decode().replace('encoding="UTF-8"', "").encode("utf-16")},
        {"0.png": IMAGE, "0.xml": page_xml(size=(0, 0))},
    ],
    ids=["PAGE", "ALTO", "a path", "no name", "its own name", "page", "alto", "UTF-16", "no size"],
)
@pytest.mark.parametrize("make", [write_folder, write_tar, write_zip], ids=["folder", "tar", "zip"])
def test_lines_are_crops_with_their_texts(
    tmp_path: Path, files: dict[str, bytes], make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    told = Told()
    suffix = {write_tar: "set.tar", write_zip: "set.zip"}.get(make, "set")  # type: ignore[call-overload]
    source = open_source(make(tmp_path / suffix, files), told)
    assert (source.kind, told.lines) == ("text", [])
    assert [source.text(i) for i in range(len(source))] == TEXTS
    page = picture(0, WIDTH, HEIGHT)
    for i, box in enumerate(BOXES):
        assert np.array_equal(np.asarray(source.image(i)), np.asarray(page.crop(box)))
    assert source.item_name(1) == "0.png#l1"
    assert source.content_hash(0) != source.content_hash(1)


def test_one_page_can_be_named(tmp_path: Path) -> None:
    write_folder(tmp_path, {**SET, "1.png": IMAGE, "1.xml": page_xml("1.png")})
    assert len(open_source(tmp_path)) == 4
    assert len(open_source(tmp_path / "1.xml", Told())) == 2


def test_a_turned_page_is_cropped_as_people_see_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    page = picture(0, WIDTH, HEIGHT)
    page.transpose(Image.Transpose.ROTATE_90).save(buffer, "PNG", exif=exif)
    source = open_source(write_folder(tmp_path, {"0.png": buffer.getvalue(), "0.xml": page_xml()}))
    assert np.array_equal(np.asarray(source.image(0)), np.asarray(page.crop(BOXES[0])))


def test_lines_without_a_text_and_images_without_lines_are_told(tmp_path: Path) -> None:
    told = Told()
    files = {"0.png": IMAGE, "0.xml": page_xml(texts=["one", ""]), "1.png": IMAGE, "mets.xml": b"<mets/>"}
    assert len(open_source(write_folder(tmp_path, files), told)) == 1
    assert any("1 of 2 lines" in line for line in told.lines)
    assert any("1 images" in line and "1.png" in line for line in told.lines)
    assert any("not read: mets.xml" in line for line in told.lines)


def test_label_files_go_before_pages_which_is_said(tmp_path: Path) -> None:
    told = Told()
    source = open_source(write_folder(tmp_path, {**labelled(["a"]), **SET}), told)
    assert (len(source), source.text(0)) == (1, "a")
    assert "not read: 0.xml" in told.lines[0]


def test_threads_may_read_side_by_side(tmp_path: Path) -> None:
    pages = {f"{i}.png": png(picture(i, WIDTH, HEIGHT)) for i in range(5)}
    source = open_source(write_folder(tmp_path, {**pages, **{f"{i}.xml": page_xml(f"{i}.png") for i in range(5)}}))
    with ThreadPoolExecutor(8) as pool:
        lines = list(pool.map(lambda i: np.asarray(source.image(i)), range(10)))
    for i, line in enumerate(lines):
        assert np.array_equal(line, np.asarray(picture(i // 2, WIDTH, HEIGHT).crop(BOXES[i % 2])))


def replaced(old: str, new: str) -> bytes:
    assert old in page_xml().decode()
    return page_xml().decode().replace(old, new).encode()


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (replaced("<PcGts", LAUGHS + "<PcGts").replace(b"first line", b"&b;"), "has a document type"),
        (replaced("<PcGts", '<!DOCTYPE PcGts SYSTEM "file:///etc/hostname"><PcGts'), "has a document type"),
        (replaced("first line", "&unknown;"), r"cannot be read as XML \(line 2\)"),
        (page_xml()[:-20], "cannot be read as XML"),
        (replaced("UTF-8", "no-such"), "cannot be read as XML"),
        (replaced("first line", "a\nb"), "hold line ends"),
        (replaced("first line", "x" * 70_000), "line l0 has a text of more than 65,536"),
        (replaced("10,5 110,5", "ten,five"), r"'ten,five .* is no point"),
        (replaced("110,5 110,25 10,25", "10,5"), "polygon of line 'l0' is wrong: it has no area"),
        (replaced('points="10,5 110,5 110,25 10,25"', ""), "it has no area"),
        (b"<PcGts>" + b"<a>" * 70 + b"</a>" * 70 + b"</PcGts>", "nested more than 64"),
        (b"<PcGts></PcGts>", "no line with a text"),
        (page_xml(texts=["", ""]), "no line with a text"),
        (alto_xml(unit="mm10"), "measures in mm10"),
        (replaced("<PcGts", "<PcGtz"), r"not understood: 0\.xml|cannot be read"),
    ],
)
def test_bad_xml(tmp_path: Path, xml: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(write_folder(tmp_path, {"0.png": IMAGE, "0.xml": xml}))


@pytest.mark.parametrize("image", ["none.png", "../0.png", "/etc/passwd", "0.xml", "nul\ufffd"])
def test_an_image_that_is_missing_or_elsewhere(tmp_path: Path, image: str) -> None:
    write_folder(tmp_path, {"0.png": IMAGE, "set/other.png": IMAGE, "set/1.xml": page_xml(image)})
    with pytest.raises(InputError, match=r"image of .*1\.xml is missing"):
        open_source(tmp_path / "set")


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (page_xml(size=(400, 100)), "its page is 200 pixels wide, and its XML says 400"),
        (replaced("10,5 110,5 110,25 10,25", "900,5 999,5 999,9"), "its box is outside the page"),
    ],
)
def test_a_box_that_does_not_fit_its_page_is_a_broken_image(tmp_path: Path, xml: bytes, message: str) -> None:
    source = open_source(write_folder(tmp_path, {"0.png": IMAGE, "0.xml": xml}))
    with pytest.raises(InputError, match=rf"0\.png#l0 .*is broken: {message}"):
        source.image(0)


def test_a_broken_page_names_the_line(tmp_path: Path) -> None:
    source = open_source(write_folder(tmp_path, {"0.png": b"no image", "0.xml": page_xml()}))
    with pytest.raises(InputError, match=r"0\.png#l0 .*is broken"):
        source.image(0)
    (tmp_path / "0.png").unlink()
    for read in (source.image, source.content_hash):
        with pytest.raises(InputError, match="is broken"):
            read(1)


@pytest.mark.parametrize("junk", ["1,1 " * 200_000, "1" * 2_000_000, "1.1" * 500_000, " " * 2_000_000 + "x"])
def test_long_values_take_no_long_time(tmp_path: Path, junk: str) -> None:
    write_folder(tmp_path, {"0.png": IMAGE, "0.xml": replaced("10,5 110,5 110,25 10,25", junk)})
    begin = time.monotonic()
    with pytest.raises(InputError):
        open_source(tmp_path)
    assert time.monotonic() - begin < 10
