from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

pytest.importorskip("matplotlib", reason="the default fonts come with it")


def _files(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def test_same_options_same_bytes(tmp_path: Path) -> None:
    options = RenderOptions(count=12, seed=3)
    first = render_lines(options, tmp_path / "a.tar").read_bytes()
    assert render_lines(options, tmp_path / "b.tar").read_bytes() == first
    assert render_lines(options.model_copy(update={"seed": 4}), tmp_path / "c.tar").read_bytes() != first


def test_a_larger_count_keeps_the_earlier_lines(tmp_path: Path) -> None:
    few = _files(render_lines(RenderOptions(count=6), tmp_path / "few.tar"))
    many = _files(render_lines(RenderOptions(count=15), tmp_path / "many.tar"))
    assert many.pop("labels.tsv").startswith(few.pop("labels.tsv"))
    assert few.items() <= many.items()


def test_labels_come_first_and_nothing_tells_the_time(tmp_path: Path) -> None:
    with tarfile.open(render_lines(RenderOptions(count=3), tmp_path / "lines.tar")) as archive:
        members = archive.getmembers()
    assert [m.name for m in members] == ["labels.tsv", *(f"images/00000{i}.png" for i in range(3))]
    assert all((m.mtime, m.uid, m.gid, m.uname, m.gname) == (0, 0, 0, "", "") for m in members)


@pytest.mark.parametrize("output", ["lines.tar", "lines"])
def test_lines_open_as_a_source(tmp_path: Path, output: str) -> None:
    options = RenderOptions(
        count=20, charset="0123456789 ABC", min_length=3, max_length=9, min_height=20, max_height=30
    )
    source = open_source(render_lines(options, tmp_path / output))
    assert (source.kind, len(source)) == ("text", 20)
    for index in range(20):
        assert set(source.text(index)) <= set(options.charset)
        assert 3 <= len(source.text(index)) <= 9
        assert 20 <= source.image(index).height <= 30


@pytest.mark.parametrize("output", ["lines.tar", "lines"])
def test_unlabelled_lines_show_the_same_images(tmp_path: Path, output: str) -> None:
    source = open_source(render_lines(RenderOptions(count=5, labelled=False), tmp_path / output))
    labelled = open_source(render_lines(RenderOptions(count=5), tmp_path / "labelled.tar"))
    assert (source.kind, len(source)) == ("unlabelled", 5)
    assert [source.content_hash(i) for i in range(5)] == [labelled.content_hash(i) for i in range(5)]


def test_no_ink_touches_the_border_of_clean_lines(tmp_path: Path) -> None:
    files = _files(render_lines(RenderOptions(count=80, degradation=0, min_height=16), tmp_path / "clean.tar"))
    del files["labels.tsv"]
    for name, data in files.items():
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert border.min() > 200, name
        assert pixels.min() < 160, name  # there is ink


def test_degradation_leaves_the_text_and_changes_the_image(tmp_path: Path) -> None:
    clean = _files(render_lines(RenderOptions(count=8, degradation=0), tmp_path / "clean.tar"))
    worn = _files(render_lines(RenderOptions(count=8, degradation=1), tmp_path / "worn.tar"))
    assert clean["labels.tsv"] == worn["labels.tsv"]
    assert all(clean[name] != worn[name] for name in clean if name != "labels.tsv")


@pytest.mark.parametrize("output", ["lines.tar", "lines"])
def test_existing_lines_are_replaced_only_by_force(tmp_path: Path, output: str) -> None:
    render_lines(RenderOptions(count=2), tmp_path / output)
    with pytest.raises(InputError, match="already"):
        render_lines(RenderOptions(count=3), tmp_path / output)
    assert len(open_source(render_lines(RenderOptions(count=3), tmp_path / output, force=True))) == 3
    assert [path.name for path in tmp_path.iterdir()] == [output]


def test_a_folder_with_other_things_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        render_lines(RenderOptions(count=1), tmp_path, force=True)
    assert (tmp_path / "thesis.txt").exists()


def test_the_folder_may_be_the_one_we_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    render_lines(RenderOptions(count=2), Path())
    assert len(open_source(tmp_path)) == 2


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.zip"):
        render_lines(RenderOptions(count=1), tmp_path / "lines.zip")


@pytest.mark.parametrize("output", ["lines.tar", "lines"])
def test_an_interrupted_rendering_leaves_nothing(tmp_path: Path, output: str) -> None:
    class Interrupted:
        def track(self, items: Any, description: str, total: int, done: int = 0) -> Any:
            yield from list(items)[:2]
            raise KeyboardInterrupt

        def status(self, text: str) -> None: ...

        def log(self, text: str) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        render_lines(RenderOptions(count=5), tmp_path / output, progress=Interrupted())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"min_length": 9, "max_length": 8}, "min_length 9 is above max_length 8"),
        ({"min_height": 40, "max_height": 30}, "min_height 40 is above max_height 30"),
        ({"charset": " "}, "visible"),
        ({"charset": "a\t"}, "white space"),
    ],
)
def test_options_that_make_no_lines(options: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        RenderOptions(count=1, **options)


@pytest.mark.parametrize("options", [{"count": 0}, {"count": 1, "degradation": 1.5}, {"count": 1, "seed": -1}])
def test_numbers_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RenderOptions(**options)
