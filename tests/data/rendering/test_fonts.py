from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.rendering.fonts import find_families, pick_typeface
from crnn_deploy.errors import InputError

pytest.importorskip("matplotlib", reason="the default fonts come with it")


def test_default_fonts_write_ascii() -> None:
    faces = [face for family in find_families((), "aZ09~| ") for face in family]
    assert {"DejaVuSans", "DejaVuSerif", "DejaVuSansMono"} <= {face.path.stem for face in faces}


def test_a_family_by_name() -> None:
    pytest.importorskip("fontpkg_roboto")
    (family,) = find_families(("Roboto",), "abc")
    assert all("Roboto" in face.path.name for face in family)


def test_variable_fonts_come_in_several_weights() -> None:
    pytest.importorskip("fontpkg_roboto")
    families = find_families(("roboto",), "abc")
    upright = [face for face in families[0] if not face.italic]
    rng = np.random.default_rng(0)
    assert len({upright[0].font(64, rng).getlength("minimum") for _ in range(30)}) > 3


def test_files_and_folders() -> None:
    path = find_families((), "abc")[0][0].path
    assert find_families((str(path),), "abc")[0][0].path == path
    assert path in {face.path for face in find_families((str(path.parent),), "abc")[0]}


def test_fonts_that_lack_characters_are_left_out() -> None:
    folder = find_families((), "a")[0][0].path.parent
    (faces,) = find_families((str(folder),), "aж")
    names = {face.path.stem for face in faces}
    assert "DejaVuSans" in names
    assert not any(name.startswith("cm") for name in names)  # Computer Modern has no Cyrillic


def test_upright_faces_are_more_common() -> None:
    families = find_families((), "abc")
    rng = np.random.default_rng(0)
    italics = sum(pick_typeface(families, rng).italic for _ in range(400))
    assert 30 < italics < 150


def test_family_that_is_not_installed() -> None:
    pytest.importorskip("fontpkg")
    with pytest.raises(InputError) as raised:
        find_families(("No Such Family",), "abc")
    assert "pip install fontpkg-no-such-family" in raised.value.fix


def test_charset_without_font() -> None:
    with pytest.raises(InputError, match="charset") as raised:
        find_families((), "ab㊙")
    assert "'㊙'" in raised.value.cause


def test_broken_missing_and_absent_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in (broken, tmp_path / "absent.otf", empty):
        with pytest.raises(InputError, match=name.name):
            find_families((str(name),), "abc")
