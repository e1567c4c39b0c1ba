from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crnn_deploy.data.rendering import font_files as module
from crnn_deploy.data.rendering.font_files import default_fonts, font_files
from crnn_deploy.data.rendering.typeface import FontFile
from crnn_deploy.errors import InputError

pytest.importorskip("matplotlib", reason="the default fonts come with it")


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system whose fontconfig lists a collection of two families, one with a name in Chinese, and other files."""
    program = tmp_path / "fc-list"
    rows = (
        "/fonts/kai.ttc\t0\tKai CN,楷体",
        "/fonts/kai.ttc\t1\tKai TW",
        "/fonts/kai-bold.ttf\t0\tKai CN",
        "/fonts/kai-var.ttf\t131072\tKai CN",
        "/fonts/kai.pcf.gz\t0\tKai CN",
        "a line of another kind",
        "/fonts/\udcff.ttf\t0\tNo UTF-8",
    )
    program.write_text("#!/bin/sh\ncat <<'EOF'\n" + "\n".join(rows) + "\nEOF\n", "utf-8", "surrogateescape")
    program.chmod(0o755)
    monkeypatch.setattr(module.shutil, "which", lambda _: str(program))
    module._installed.cache_clear()
    yield program
    module._installed.cache_clear()


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("name", ["Kai CN", "kai cn", "楷体"])
def test_families_of_the_system_by_any_of_their_names(name: str) -> None:
    files = font_files(name)
    assert FontFile(Path("/fonts/kai.ttc"), 0) in files
    assert FontFile(Path("/fonts/kai.ttc"), 1) not in files
    assert not any(file.path.suffix == ".gz" or file.face > 9 for file in files)


@pytest.mark.usefixtures("listed")
def test_one_face_of_a_collection() -> None:
    assert font_files("Kai TW") == [FontFile(Path("/fonts/kai.ttc"), 1)]


@pytest.mark.usefixtures("listed")
def test_a_path_that_is_no_utf8() -> None:
    assert font_files("No UTF-8") == [FontFile(Path("/fonts/\udcff.ttf"))]


@pytest.mark.usefixtures("listed")
def test_a_family_that_nobody_knows() -> None:
    with pytest.raises(InputError, match="No Such Family is not installed") as raised:
        font_files("No Such Family")
    assert "fontpkg-no-such-family" in raised.value.fix


def test_without_fontconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    module._installed.cache_clear()
    with pytest.raises(InputError, match="is not installed"):
        font_files("No Such Family")
    module._installed.cache_clear()


def test_default_fonts_can_be_named_as_files() -> None:
    first = default_fonts()[0]
    assert font_files(str(first.path)) == [first]
