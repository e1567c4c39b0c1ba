"""Lines of a file are rendered in their order, in any script that the fonts cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont, features

from crnn_deploy.data.rendering import shaping
from crnn_deploy.data.rendering.drawing import draw_ink
from crnn_deploy.data.rendering.fonts import find_families
from crnn_deploy.data.rendering.given_text import GivenText
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import LineRenderer, render_lines
from crnn_deploy.data.rendering.shaping import layout_for, needs_shaping
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

ARABIC, HEBREW = "مرحبا", "שלום"
raqm = pytest.mark.skipif(not features.check("raqm"), reason="this Pillow has no Raqm")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_come_in_their_order_and_again_from_the_first(tmp_path: Path) -> None:
    file = written(tmp_path / "words.txt", "\ufeffStraße 7\n\n  Привет \nabc\n")
    render_lines(RenderOptions(count=5, text=file, degradation=0), tmp_path / "lines.tar")
    source = open_source(tmp_path / "lines.tar")
    assert [source.text(index) for index in range(5)] == ["Straße 7", "Привет", "abc", "Straße 7", "Привет"]


@raqm
def test_each_line_has_its_own_ink_and_needs_no_charset(tmp_path: Path) -> None:
    file = written(tmp_path / "words.txt", f"{ARABIC}\n{HEBREW}\n")
    renderer = LineRenderer(RenderOptions(count=2, text=file, charset="0", degradation=1))
    images = [np.asarray(renderer.image(index)) for index in range(2)]
    assert all(image.std() > 5 for image in images)
    assert images[0].shape != images[1].shape or (images[0] != images[1]).any()


@raqm
def test_arabic_letters_join() -> None:
    font = find_families((), ARABIC)[0][0].font(48, np.random.default_rng(0))
    joined = font.getlength(ARABIC)
    apart = sum(font.getlength(letter) for letter in ARABIC)
    assert joined < 0.9 * apart
    ink = draw_ink(ARABIC, font, 1, np.random.default_rng(0))
    assert np.asarray(ink).max() == 255


@raqm
def test_labels_are_in_logical_order_and_the_first_letter_is_drawn_on_the_right(tmp_path: Path) -> None:
    """The label is the line of the file; of yod and shin the narrow yod, which comes first, stands on the right."""
    file = written(tmp_path / "words.txt", "\u05d9\u05e9\n")
    render_lines(RenderOptions(count=1, text=file, degradation=0), tmp_path / "lines.tar")
    source = open_source(tmp_path / "lines.tar")
    assert source.text(0) == "\u05d9\u05e9"
    ink = 255 - np.asarray(source.image(0).convert("L"), float)
    inked = np.flatnonzero(ink.max(axis=0) > 128)
    left, right = np.array_split(ink[:, inked[0] : inked[-1] + 1], 2, axis=1)
    assert left.sum() > 1.5 * right.sum()


@raqm
def test_a_line_runs_in_the_direction_of_most_of_its_letters() -> None:
    """After a Latin word as before one: the line is a part of a Hebrew text, and its first word stands on the right."""
    yods = "\u05d9" * 5
    font = find_families((), f"l {yods}")[0][0].font(48, np.random.default_rng(0))
    ink = np.asarray(draw_ink(f"ll {yods}", font, 0, np.random.default_rng(0)))
    high = np.flatnonzero((ink > 128).sum(axis=0) > 25)  # the columns of the two Latin letters
    assert high.min() > ink.shape[1] / 2


@pytest.fixture
def square_font(tmp_path: Path) -> Path:
    """A font with full-width black squares for two Chinese characters, and a narrow `A`."""
    builder_of = pytest.importorskip("fontTools.fontBuilder", reason="it comes with matplotlib")
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    widths = {".notdef": 500, "A": 600, "zhong": 1000, "wen": 1000, "space": 300}
    glyphs = {}
    for name, width in widths.items():
        pen = pens.TTGlyphPen(None)
        if name != "space":
            corners = [(60, -60), (60, 800), (width - 60, 800), (width - 60, -60)]
            pen.moveTo(corners[0])
            for corner in corners[1:] if name != ".notdef" else corners[1:3]:
                pen.lineTo(corner)
            pen.closePath()
        glyphs[name] = pen.glyph()
    builder = builder_of.FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(widths))
    builder.setupCharacterMap({0x20: "space", 0x41: "A", 0x4E2D: "zhong", 0x6587: "wen"})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "squares.ttf")
    return tmp_path / "squares.ttf"


def test_chinese_is_set_at_full_width_beside_latin(tmp_path: Path, square_font: Path) -> None:
    file = written(tmp_path / "words.txt", "中文 A中\n文國\n")
    face = find_families((str(square_font),), "中文 A")[0][0]
    ink = draw_ink("中文 A中", face.font(100, np.random.default_rng(0)), 0, np.random.default_rng(0))
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    assert abs((right - left) - (1000 + 1000 + 300 + 600 + 1000 - 120) / 10) <= 2
    assert abs((bottom - top) - 86) <= 2
    with pytest.raises(InputError, match="None of the fonts") as raised:
        LineRenderer(RenderOptions(count=1, text=file, fonts=(str(square_font),)))
    assert "lacks '國'" in raised.value.cause


def test_characters_that_no_font_has_are_named(tmp_path: Path) -> None:
    file = written(tmp_path / "words.txt", "A 京 1\n")
    with pytest.raises(InputError, match="None of the fonts") as raised:
        render_lines(RenderOptions(count=1, text=file), tmp_path / "lines.tar")
    assert "lacks '京'" in raised.value.cause


@pytest.mark.parametrize("text", [ARABIC, HEBREW, "हिन्दी", "e\u0301", "\u0e17\u0e35\u0e48", "\u1112\u1161\u11ab"])
def test_scripts_that_need_shaping(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert needs_shaping(text)
    monkeypatch.setattr(shaping.features, "check", lambda _: False)
    with pytest.raises(InputError, match="without Raqm"):
        layout_for(text)


@pytest.mark.parametrize("text", ["abc é ß", "Привет", "漢字", "ｶﾅ 한글", "Καλημέρα"])
def test_scripts_that_do_not(text: str) -> None:
    assert not needs_shaping(text)
    assert layout_for(text) == ImageFont.Layout.BASIC


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no text"),
        ("\n  \n", "holds no text"),
        ("a\tb", r"line 1, holds '\\t'"),
        ("ok\na\x07b", "line 2, holds"),
        ("x" * 1001, "has 1,001 characters"),
        ("㊙\U00012345", "None of the fonts can write"),
    ],
)
def test_text_that_cannot_be_rendered_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        LineRenderer(RenderOptions(count=1, text=written(tmp_path / "t.txt", text)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        GivenText(tmp_path / "none.txt")
