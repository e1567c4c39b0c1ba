"""The files of images that a package for C++ reads, refuses and survives."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest
from cpp_project import Project, needs_tools
from PIL import Image

pytestmark = needs_tools


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_files_of_libraries_are_read_where_these_are(kind: str, project: Project, tmp_path: Path) -> None:
    with Image.open(project.folder / "examples" / "04.pnm") as image:
        kinds = {"L": image.convert("L"), "RGB": image.convert("RGB")}
        kinds |= {"RGBA": image.convert("RGBA"), "P": image.convert("P")} if kind == "PNG" else {}
    for mode, each in kinds.items():
        (tmp_path / mode).write_bytes(encoded(each, kind))
    code, rows, said = project.read(*sorted(tmp_path.iterdir()))
    if "built without" in said:
        pytest.skip(f"CMake found no library for {kind}")
    assert code == 0
    assert {row[1] for row in rows} == {open_example(project)}


def open_example(project: Project) -> str:
    """The text of the last example."""
    return project.read(project.folder / "examples" / "04.pnm")[1][0][1]


BAD: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"P",
    "no header": b"P5",
    "a comment without an end": b"P5 #",
    "no pixels": b"P5 0 7 255\n",
    "negative": b"P5 -1 1 255\nx",
    "too many pixels": b"P6 60000 60000 255\n",
    "numbers that overflow": b"P5 99999999999999999999 1 255\n",
    "cut off": b"P5 100 100 255\nabc",
    "16 bits": b"P5 2 2 65535\n12345678",
    "a cut PNG": encoded(Image.new("L", (90, 30)), "PNG")[:60],
    "a cut JPEG": encoded(Image.effect_noise((90, 30), 50), "JPEG")[:900],
    "no image": b"GIF89a",
}


def test_what_is_no_image_is_refused_and_the_others_are_read(project: Project, tmp_path: Path) -> None:
    for name, data in BAD.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "small").write_bytes(b"P5\n# one pixel\n1 1\n255\nx")
    (tmp_path / "wide").write_bytes(b"P5 1000000 1 255\n" + bytes(1_000_000))
    (tmp_path / "high").write_bytes(b"P6 1 100000 255\n" + bytes(300_000))
    code, rows, said = project.read(*(tmp_path / name for name in ("small", *BAD, "wide", "high", "absent")))
    assert code == 1
    assert [Path(row[0]).name for row in rows] == ["small", "wide", "high"]
    assert [Path(row.split(" cannot be read: ")[0]).name for row in said.splitlines()] == [*BAD, "absent"]


def test_noise_in_files_is_survived(project: Project, tmp_path: Path) -> None:
    values, line = random.Random(0), Image.effect_noise((200, 30), 60)
    for kind in ("PPM", "PNG", "JPEG"):
        good = encoded(line, kind)
        for number in range(30):
            data = bytearray(good)
            for _ in range(values.randint(1, 20)):
                data[values.randrange(len(data) if number % 2 else 30)] = values.randrange(256)
            (tmp_path / f"{number}.{kind}").write_bytes(data)
    code, rows, said = project.read(*tmp_path.iterdir())
    assert code in (0, 1)
    assert len(rows) + len(said.splitlines()) == 90
