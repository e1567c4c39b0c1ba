"""Pages and pictures of explanations: self-contained, escaped, whole or absent."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
from explaining.known_models import CLASSES, LINES, Corner, Inks, bright_picture, line, session
from PIL import Image
from report.html_page import Page

from crnn_deploy.errors import InputError
from crnn_deploy.explaining.config import ExplainConfig
from crnn_deploy.explaining.drawing import draw
from crnn_deploy.explaining.explainer import Explainer
from crnn_deploy.explaining.result import Explanation, Explanations
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.report.explanation.page import drawn, render_explanations
from crnn_deploy.report.explanation.written import MOST_IN_A_PICTURE, explain_with_page

BLACK, GREY = 0, 128


def explained(kind: str, image: Image.Image, path: str = "x.png") -> tuple[Explanation, Image.Image]:
    model, spec = (Corner(), CLASSES) if kind == "class" else (Inks(), LINES)
    return Explainer(session(model, spec)).explain(image, "x", path, NoteTaker())


def page_of(kind: str, image: Image.Image, path: str = "x.png") -> tuple[Page, str]:
    found, picture = explained(kind, image, path)
    task = "classify" if kind == "class" else "ctc"
    whole = Explanations(artifact="m.onnx", sha256="0", runtime="torch", task=task, explanations=(found,))
    source = render_explanations(whole, [drawn(found, picture)])
    page = Page(source)
    assert not page.stray
    assert not page.open
    assert "script" not in page.texts
    for address in (*page.attributes("src"), *page.attributes("href")):
        assert address.startswith("data:")
    return page, source


def test_the_page_of_a_line_has_each_character_with_its_hill_and_its_frames() -> None:
    page, _ = page_of("line", line({8: BLACK, 20: GREY, 32: BLACK}, 48))
    letters = [text.strip() for text in page.texts["text"]]
    assert letters == ["a", "b", "a"]
    assert len([1 for tag, _ in page.elements if tag == "polygon"]) == 3
    bars = [attributes for tag, attributes in page.elements if tag == "rect"]
    scale = 56 / 20
    assert [float(bar["x"] or 0) for bar in bars] == pytest.approx([8 * scale, 20 * scale, 32 * scale], abs=0.1)
    assert len([row for row in page.texts["tr"] if "%" in row]) == 3


def test_the_page_of_a_class_frames_the_region() -> None:
    page, source = page_of("class", bright_picture())
    frames = [attributes for _, attributes in page.elements if attributes.get("class") == "region"]
    assert len(frames) == 2
    assert 13 * 224 / 24 <= float(frames[0]["x"] or 0) <= 20 * 224 / 24
    assert "with the frame hidden" in source


def test_a_page_tells_of_lines_that_read_nothing_and_pictures_without_a_region() -> None:
    assert "reads nothing here" in page_of("line", Image.new("L", (40, 20), 255))[1]
    assert "no part of it matters more" in page_of("class", Image.new("L", (24, 24), 200))[1]


def test_names_are_shown_and_do_not_act() -> None:
    _, source = page_of("line", line({8: BLACK}, 24), "<script>\u202e\x1b.png")
    assert "&lt;script&gt;\\u202e\\x1b.png" in source


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 900)])
@pytest.mark.parametrize("kind", ["class", "line"])
def test_odd_sizes_are_drawn(kind: str, size: tuple[int, int]) -> None:
    found, picture = explained(kind, Image.new("L", size, 0))
    assert max(draw(found, picture).size) < 5000
    page_of(kind, Image.new("L", size, 0))


def test_a_picture_shows_each_hill_below_its_character() -> None:
    found, picture = explained("line", line({8: BLACK, 100: BLACK}, 160))
    image = draw(found, picture).convert("RGB")
    coloured = [
        x for x in range(image.width) for y in (image.height - 26,) if image.getpixel((x, y)) != (253, 254, 254)
    ]
    scale, padding = 56 / 20, 16
    places = [range(round(padding + left * scale) - 9, round(padding + (left + 4) * scale) + 10) for left in (8, 100)]
    assert coloured
    assert all(any(x in place for place in places) for x in coloured)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    tiny_crnn.register(monkeypatch)
    images = tiny_crnn.image_folder(tmp_path / "lines", 3)
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    return {"model": artifact.path, "images": (str(images),), "threads": 1}


def test_the_output_is_whole_and_its_folder_is_made(config: dict[str, object], tmp_path: Path) -> None:
    for name in ("page.html", "sheet.png"):
        output = tmp_path / "new" / "folder" / name
        found = explain_with_page(ExplainConfig(**config, output=output))
        assert len(found.explanations) == 3
    assert [file.name for file in sorted((tmp_path / "new" / "folder").iterdir())] == ["page.html", "sheet.png"]
    with Image.open(tmp_path / "new" / "folder" / "sheet.png") as sheet:
        assert sheet.height > 3 * 80


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "page.pdf"}, "must end in .html or .png"),
        ({"output": "there.html"}, "already exists"),
        ({"output": "file/page.html"}, "cannot be written"),
        ({"output": "sheet.png", "limit": MOST_IN_A_PICTURE + 1}, "at most"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    config: dict[str, object], changes: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.html").write_text("mine")
    Path("file").write_text("")
    with pytest.raises(InputError, match=message):
        explain_with_page(ExplainConfig(**{**config, "model": "absent.onnx", **changes}))
    assert Path("there.html").read_text() == "mine"


def test_nothing_is_written_if_an_image_is_broken(config: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "lines" / "001.png").write_bytes((tmp_path / "lines" / "001.png").read_bytes()[:60])
    output = tmp_path / "out" / "page.html"
    with pytest.raises(InputError, match="broken"):
        explain_with_page(ExplainConfig(**config, output=output))
    assert not output.parent.exists()
    found = explain_with_page(ExplainConfig(**config, output=output, skip_bad=True))
    assert [Path(path).name for path in found.skipped] == ["001.png"]
    assert "001.png" in output.read_text()
